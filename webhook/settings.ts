import type { Code } from '../contract/codes.ts';
import type { InjectionSettings } from '../contract/injection-settings.ts';
import { SETTING_PREFIX, SETTINGS, type Setting } from '../contract/labels.ts';
import { parseAmount } from './resource-amount.ts';

/** What was passed over, for warnings and events; the pod is injected all the same. */
export interface Note {
  readonly code: Extract<Code, `DBA2${string}`>;
  readonly message: string;
}

/** By the setting's name, without prefix; absent where neither an annotation nor the administrator says anything. */
export type SettingValues = ReadonlyMap<string, string>;

type Annotations = Readonly<Record<string, string>>;

/**
 * With less the agent's container is killed again and again or, below some MiB, cannot be made at all, and its pod would
 * wait for it. `256m` is a fraction of one byte.
 */
export const LEAST_MEMORY_LIMIT = '64Mi';

/** The value of `redact` in the settings that sets nothing. */
export const AS_CONFIGURED = 'as-configured';

/** The administrator's value of a setting. */
export function defaultOf({ name, target }: Setting, settings: InjectionSettings): string | undefined {
  switch (target.kind) {
    case 'environment':
      return name === 'redact' && settings.redact !== AS_CONFIGURED ? settings.redact : undefined;
    case 'resource':
      return settings.resources[target.list][target.resource];
    case 'image':
      return settings.image;
    case 'image-pull-policy':
      return settings.imagePullPolicy;
    case 'native-sidecar':
      return settings.nativeSidecar;
    case 'capabilities':
      return settings.capabilities;
    case 'spool-size':
      return settings.spoolSize;
    case 'sink-token':
      return settings.sinkToken;
  }
}

/** The pod's annotation, else the namespace's, else the administrator's value. What is not valid is passed over. */
export function readSettings(
  annotations: { readonly pod: Annotations; readonly namespace: Annotations },
  settings: InjectionSettings,
): { readonly values: SettingValues; readonly notes: readonly Note[] } {
  const values = new Map<string, string>();
  for (const setting of SETTINGS) {
    const key = SETTING_PREFIX + setting.name;
    const asked = [annotations.pod[key], annotations.namespace[key]];
    const value = asked.find((text) => text !== undefined && isValid(setting, text)) ?? defaultOf(setting, settings);
    if (value !== undefined) values.set(setting.name, value);
  }
  return { values, notes: [...notesOn('pod', annotations.pod), ...notesOn('namespace', annotations.namespace)] };
}

function matchesPattern({ pattern }: Setting, text: string): boolean {
  return new RegExp(pattern).test(text);
}

function isValid(setting: Setting, text: string): boolean {
  if (!matchesPattern(setting, text)) return false;
  return setting.name !== 'memory-limit' || parseAmount(text) >= parseAmount(LEAST_MEMORY_LIMIT);
}

function notesOn(place: 'pod' | 'namespace', annotations: Annotations): Note[] {
  return Object.entries(annotations).flatMap(([key, text]): Note[] => {
    if (!key.startsWith(SETTING_PREFIX)) return [];
    const setting = SETTINGS.find(({ name }) => key === SETTING_PREFIX + name);
    const annotation = `annotation ${key} of the ${place}`;
    if (!setting) return [{ code: 'DBA2016', message: `${annotation}: there is no such setting` }];
    if (isValid(setting, text)) return [];
    const expected = matchesPattern(setting, text)
      ? `at least ${LEAST_MEMORY_LIMIT}`
      : setting.values.replaceAll('`', '');
    const message = `${annotation}: ${JSON.stringify(text)} is not valid; it takes ${expected}`;
    return [{ code: 'DBA2017', message }];
  });
}
