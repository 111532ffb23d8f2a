import {
  AGENT_CONFIG_DIRECTORY,
  AGENT_CONFIG_KEY,
  AGENT_CONFIG_MAP,
  AGENT_CONTAINER,
  CONFIG_VOLUME,
  SETTINGS,
} from '../contract/labels.ts';
import { type Recipe, securityContext } from './pod-security.ts';
import { parseAmount } from './resource-amount.ts';
import type { SettingValues } from './settings.ts';

/** What the agent's container depends on. */
export interface Sidecar {
  readonly image: string;
  readonly values: SettingValues;
  readonly recipe: Exclude<Recipe, 'none'>;
  /** An init container that runs on, rather than an ordinary container. */
  readonly native: boolean;
  /** The pod bounds all its containers together (`spec.resources`); limits of ours could exceed that and be refused. */
  readonly boundedByPod: boolean;
}

/**
 * Where the API server mounts the application's token into every container that has nothing there. The agent shall not
 * have it, so our volume is there.
 */
const SERVICE_ACCOUNT_DIRECTORY = '/var/run/secrets/kubernetes.io/serviceaccount';

/** Read by the agent when it starts, beside those of settings. */
const IDENTITY_ENVIRONMENT = [
  { name: 'DBAUDIT_POD_NAMESPACE', valueFrom: { fieldRef: { fieldPath: 'metadata.namespace' } } },
  { name: 'DBAUDIT_POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
  { name: 'DBAUDIT_NODE_NAME', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } },
  { name: 'DBAUDIT_CONFIG_OPTIONAL', value: 'true' },
] as const;

/** The whole container as the API server takes it. No probe: a pod never waits for the agent to be ready. */
export function agentContainer({ image, values, recipe, native, boundedByPod }: Sidecar) {
  return {
    name: AGENT_CONTAINER,
    image,
    imagePullPolicy: values.get('image-pull-policy') ?? 'IfNotPresent',
    command: [
      '/bin/node',
      '/opt/dbaudit/dbaudit-agent.mjs',
      'run',
      '--config',
      `${AGENT_CONFIG_DIRECTORY}/${AGENT_CONFIG_KEY}`,
    ],
    env: [...IDENTITY_ENVIRONMENT, ...settingEnvironment(values)],
    resources: boundedByPod ? {} : resources(values),
    securityContext: securityContext(recipe, values.get('capabilities') === 'net-raw' ? 'net-raw' : 'full'),
    terminationMessagePolicy: 'FallbackToLogsOnError',
    volumeMounts: [AGENT_CONFIG_DIRECTORY, SERVICE_ACCOUNT_DIRECTORY].map((mountPath) => {
      return { name: CONFIG_VOLUME, mountPath, readOnly: true };
    }),
    ...(native ? { restartPolicy: 'Always' } : {}),
  };
}

/** Optional: without the ConfigMap the agent runs on its defaults, and the pod starts. */
export function configVolume() {
  return { name: CONFIG_VOLUME, configMap: { name: AGENT_CONFIG_MAP, optional: true } };
}

function settingEnvironment(values: SettingValues) {
  return SETTINGS.flatMap(({ name, target }) => {
    const value = values.get(name);
    return target.kind === 'environment' && value !== undefined ? [{ name: target.variable, value }] : [];
  });
}

function resources(values: SettingValues) {
  const limits = amounts(values, 'limits');
  const requests = amounts(values, 'requests').map(([resource, request]): readonly [string, string] => {
    const limit = limits.find(([limited]) => limited === resource)?.[1];
    // The API server refuses a pod that requests more than its limit.
    return [resource, limit !== undefined && parseAmount(request) > parseAmount(limit) ? limit : request];
  });
  return { requests: Object.fromEntries(requests), limits: Object.fromEntries(limits) };
}

function amounts(values: SettingValues, list: 'requests' | 'limits'): (readonly [resource: string, amount: string])[] {
  return SETTINGS.flatMap(({ name, target }) => {
    const value = values.get(name);
    return target.kind === 'resource' && target.list === list && value !== undefined ? [[target.resource, value]] : [];
  });
}
