import * as z from 'zod';
import { SETTINGS } from './labels.ts';
import { VERSION } from './version.ts';

/** A Kubernetes quantity: `25m`, `96Mi`. */
export const quantity = z.string().regex(patternOf('cpu-request'));

function patternOf(setting: string): RegExp {
  return new RegExp(SETTINGS.find(({ name }) => name === setting)?.pattern ?? '$.');
}

/**
 * What the administrator sets for all injected agents: key `injection.yaml` of the ConfigMap `dbaudit-injector` in our
 * namespace; `kubectl dbaudit inject` reads the same file or uses these defaults.
 */
export const injectionSettingsSchema = z.strictObject({
  image: z.string().min(1).default(`ghcr.io/dbaudit/dbaudit:${VERSION}`),
  imagePullPolicy: z.enum(['Always', 'IfNotPresent', 'Never']).default('IfNotPresent'),
  /** `auto`: by the version of the cluster. */
  nativeSidecar: z.enum(['auto', 'true', 'false']).default('auto'),
  capabilities: z.enum(['full', 'net-raw']).default('full'),
  /** The level of namespaces without the Pod Security label: what the API server's own configuration says. */
  podSecurityDefault: z.enum(['privileged', 'baseline', 'restricted']).default('privileged'),
  /** `as-configured`: what the agent's configuration says; the others win over it. */
  redact: z.enum(['as-configured', 'secrets', 'literals', 'none']).default('as-configured'),
  /** Of each agent's volume for events that wait. The agent keeps to three quarters of it: a pod beyond it is evicted. */
  spoolSize: z.string().regex(patternOf('spool-size')).default('1Gi'),
  /** `projected`: agents get a token of their pod's service account for the audience `dbaudit`. */
  sinkToken: z.enum(['none', 'projected']).default('none'),
  resources: z
    .strictObject({
      requests: z.strictObject({ cpu: quantity.default('25m'), memory: quantity.default('96Mi') }).prefault({}),
      /** No CPU limit: a throttled agent loses packets. The agent bounds its own memory below this. */
      limits: z.strictObject({ cpu: quantity.optional(), memory: quantity.default('256Mi') }).prefault({}),
    })
    .prefault({}),
});

export type InjectionSettings = z.infer<typeof injectionSettingsSchema>;

export const INJECTION_CONFIG_MAP = 'dbaudit-injector';
export const INJECTION_CONFIG_KEY = 'injection.yaml';

/** The value of the annotation `status.dbaudit.io/injection`: what was put in, so that it can be taken out again. */
export const injectionStatusSchema = z.looseObject({
  version: z.string(),
  source: z.enum(['webhook', 'policy', 'file']),
  mode: z.literal('sidecar'),
  native: z.boolean(),
  /** JSON pointers of what was not there before and is not ours by name: maps and lists made, annotations set. */
  created: z.array(z.string()).default([]),
});

export type InjectionStatus = z.infer<typeof injectionStatusSchema>;
