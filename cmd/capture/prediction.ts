import { parse } from 'yaml';
import {
  INJECTION_CONFIG_KEY,
  INJECTION_CONFIG_MAP,
  type InjectionSettings,
  injectionSettingsSchema,
} from '../../contract/injection-settings.ts';
import { CAPTURE_LABEL, DEFAULT_NAMESPACE } from '../../contract/labels.ts';
import { UserError } from '../../contract/user-error.ts';
import { type Injection, inject, isPod } from '../../webhook/inject.ts';
import type { Cluster, KubernetesObject } from '../kubernetes/cluster.ts';

/** Native sidecars are on by default from this minor version on. */
const NATIVE_SIDECARS_MINOR = 29;

/** What the injector of a cluster goes by, as far as it can be read from here. */
export interface InjectorView {
  readonly settings: InjectionSettings;
  readonly nativeSidecars: boolean;
  readonly ownNamespace: string;
}

/** Without a cluster: dbaudit's defaults on a present version. */
export const DEFAULT_INJECTOR_VIEW: InjectorView = {
  settings: injectionSettingsSchema.parse({}),
  nativeSidecars: true,
  ownNamespace: DEFAULT_NAMESPACE,
};

/** The settings of the cluster's injector; dbaudit's defaults where there are none or the caller may not read them. */
export async function readInjectorView(cluster: Cluster, ownNamespace: string): Promise<InjectorView> {
  const [settings, { major, minor }] = await Promise.all([readSettings(cluster, ownNamespace), cluster.version()]);
  return { settings, ownNamespace, nativeSidecars: major > 1 || minor >= NATIVE_SIDECARS_MINOR };
}

/**
 * What the injector would do to a pod, or to the pods of a template, if it were created now. Undefined where this is no
 * pod that the API server would take. A namespace that could not be read counts as one without labels.
 */
export function predictInjection(
  pod: unknown,
  namespace: { readonly name: string; readonly object: KubernetesObject | undefined },
  { settings, nativeSidecars, ownNamespace }: InjectorView,
  /** Assume this value of the pod's own capture label. */
  label?: string,
): Injection | undefined {
  if (!isPod(pod)) return undefined;
  const labels = { ...pod.metadata?.labels, ...(label === undefined ? {} : { [CAPTURE_LABEL]: label }) };
  const { labels: namespaceLabels = {}, annotations = {} } = namespace.object?.metadata ?? {};
  return inject(
    { ...pod, metadata: { ...pod.metadata, labels } },
    {
      namespace: { name: namespace.name, labels: namespaceLabels, annotations },
      settings,
      nativeSidecars,
      ownNamespace,
      source: 'webhook',
    },
  );
}

async function readSettings(cluster: Cluster, namespace: string): Promise<InjectionSettings> {
  try {
    const map = await cluster.find({ apiVersion: 'v1', kind: 'ConfigMap' }, INJECTION_CONFIG_MAP, namespace);
    const data = map?.data;
    if (typeof data !== 'object' || data === null || !(INJECTION_CONFIG_KEY in data))
      return DEFAULT_INJECTOR_VIEW.settings;
    const settings = injectionSettingsSchema.safeParse(parse(String(data[INJECTION_CONFIG_KEY])) ?? {});
    return settings.data ?? DEFAULT_INJECTOR_VIEW.settings;
  } catch (error) {
    if (error instanceof UserError && error.code === 'DBA1102') return DEFAULT_INJECTOR_VIEW.settings;
    throw error;
  }
}
