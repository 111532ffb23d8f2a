import {
  AGENT_CONFIG_DIRECTORY,
  AGENT_CONFIG_KEY,
  AGENT_CONTAINER,
  SETTINGS,
  SPOOL_DIRECTORY,
} from '../contract/labels.ts';
import { AGENT_MOUNTS, agentVolumes, TOKEN_MOUNT, tokenVolume } from './agent-volumes.ts';
import { EPHEMERAL_STORAGE, REQUESTED_STORAGE, storageLimit, usableMebibytes } from './ephemeral-storage.ts';
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
  /** A container of the pod limits its ephemeral storage; a pod as a whole cannot. */
  readonly limitsStorage: boolean;
}

/** Read by the agent when it starts, beside those of settings. */
const FIXED_ENVIRONMENT = [
  { name: 'DBAUDIT_POD_NAMESPACE', valueFrom: { fieldRef: { fieldPath: 'metadata.namespace' } } },
  { name: 'DBAUDIT_POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
  { name: 'DBAUDIT_NODE_NAME', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } },
  { name: 'DBAUDIT_CONFIG_OPTIONAL', value: 'true' },
  { name: 'DBAUDIT_SPOOL_DIRECTORY', value: SPOOL_DIRECTORY },
] as const;
/** Bounds what all sinks of the agent keep in the spool's directory together. */
export const SPOOL_BOUND_VARIABLE = 'DBAUDIT_SPOOL_TOTAL_MEBIBYTES';
/** Of a pod whose settings say nothing, which those of an administrator always do. */
const DEFAULT_SPOOL_SIZE = '1Gi';

/** The whole container as the API server takes it. No probe: a pod never waits for the agent to be ready. */
export function agentContainer({ image, values, recipe, native, boundedByPod, limitsStorage }: Sidecar) {
  return {
    name: AGENT_CONTAINER,
    image,
    imagePullPolicy: values.get('image-pull-policy') ?? 'IfNotPresent',
    command: [
      '/bin/node',
      // A seventh less memory for a twentieth more CPU time; the image's compile cache is made with it.
      '--optimize-for-size',
      '/opt/dbaudit/dbaudit-agent.mjs',
      'run',
      '--config',
      `${AGENT_CONFIG_DIRECTORY}/${AGENT_CONFIG_KEY}`,
    ],
    env: [...FIXED_ENVIRONMENT, spoolBound(values), ...settingEnvironment(values)],
    resources: resources(values, { boundedByPod, limitsStorage }),
    securityContext: securityContext(recipe, values.get('capabilities') === 'net-raw' ? 'net-raw' : 'full'),
    terminationMessagePolicy: 'FallbackToLogsOnError',
    volumeMounts: [...AGENT_MOUNTS, ...(hasToken(values) ? [TOKEN_MOUNT] : [])],
    ...(native ? { restartPolicy: 'Always' } : {}),
  };
}

/** What the pod needs for that container. */
export function sidecarVolumes(values: SettingValues) {
  return [...agentVolumes(spoolSize(values)), ...(hasToken(values) ? [tokenVolume()] : [])];
}

function spoolSize(values: SettingValues): string {
  return values.get('spool-size') ?? DEFAULT_SPOOL_SIZE;
}

function spoolBound(values: SettingValues) {
  return { name: SPOOL_BOUND_VARIABLE, value: String(usableMebibytes(spoolSize(values))) };
}

function hasToken(values: SettingValues): boolean {
  return values.get('sink-token') === 'projected';
}

function settingEnvironment(values: SettingValues) {
  return SETTINGS.flatMap(({ name, target }) => {
    const value = values.get(name);
    return target.kind === 'environment' && value !== undefined ? [{ name: target.variable, value }] : [];
  });
}

function resources(values: SettingValues, pod: Pick<Sidecar, 'boundedByPod' | 'limitsStorage'>) {
  const computing = pod.boundedByPod ? undefined : computingResources(values);
  if (!pod.limitsStorage) return computing ?? {};
  return {
    requests: { ...computing?.requests, [EPHEMERAL_STORAGE]: REQUESTED_STORAGE },
    limits: { ...computing?.limits, [EPHEMERAL_STORAGE]: storageLimit(spoolSize(values)) },
  };
}

function computingResources(values: SettingValues) {
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
