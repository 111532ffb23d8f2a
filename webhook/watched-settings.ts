import { CoreV1Api, type KubeConfig, type V1ConfigMap } from '@kubernetes/client-node';
import type { Logger } from 'pino';
import { parse } from 'yaml';
import {
  INJECTION_CONFIG_KEY,
  INJECTION_CONFIG_MAP,
  type InjectionSettings,
  injectionSettingsSchema,
} from '../contract/injection-settings.ts';
import { messageOf, startInformer } from '../kubernetes/informer.ts';

export interface WatchedSettings {
  /**
   * The last valid ones; the defaults where there is no ConfigMap.
   * @throws Error where none were valid since the start: with the defaults pods would be given an image that nobody chose
   */
  current(): InjectionSettings;
  /** Whether what the ConfigMap holds now is in force. */
  valid(): boolean;
  /** There is something to go by. */
  synced(): boolean;
  stop(): void;
}

export interface SettingsOptions {
  readonly kubeConfig: KubeConfig;
  readonly namespace: string;
  readonly log: Logger;
}

/** The administrator's settings, in force as soon as they are changed. */
export function watchSettings({ kubeConfig, namespace, log }: SettingsOptions): WatchedSettings {
  const core = kubeConfig.makeApiClient(CoreV1Api);
  const fieldSelector = `metadata.name=${INJECTION_CONFIG_MAP}`;
  let current: InjectionSettings | undefined = injectionSettingsSchema.parse({});
  let given = false;
  let valid = true;
  const informer = startInformer<V1ConfigMap>({
    kubeConfig,
    path: `/api/v1/namespaces/${namespace}/configmaps`,
    fieldSelector,
    list: () => core.listNamespacedConfigMap({ namespace, fieldSelector }),
    onChange: (configMap, change) => {
      try {
        current = parseSettings(change === 'gone' ? undefined : configMap.data?.[INJECTION_CONFIG_KEY]);
        given = true;
        valid = true;
        log.info({ image: current.image }, 'injection settings read');
      } catch (error) {
        valid = false;
        if (!given) current = undefined;
        const inForce = given ? 'the last valid settings stay in force' : 'no pod is given an agent until it is valid';
        log.error(`ConfigMap ${INJECTION_CONFIG_MAP}: ${messageOf(error)}; ${inForce}`);
      }
    },
    log,
  });
  return {
    current: () => {
      if (current === undefined) throw new Error(`ConfigMap ${INJECTION_CONFIG_MAP} was never valid`);
      return current;
    },
    valid: () => valid,
    synced: () => informer.synced() && current !== undefined,
    stop: informer.stop,
  };
}

/**
 * YAML to settings; nothing at all is the defaults.
 * @throws Error on one line naming each value that is wrong
 */
export function parseSettings(yaml: string | undefined): InjectionSettings {
  const result = injectionSettingsSchema.safeParse(parse(yaml ?? '') ?? {});
  if (!result.success) {
    const problems = result.error.issues.map(({ path, message }) => [...path, message].join(': '));
    throw new Error(problems.join('; '));
  }
  return result.data;
}
