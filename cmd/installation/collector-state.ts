import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import { UserError } from '../../contract/user-error.ts';
import { COLLECTOR, COLLECTOR_POD } from '../../manifests/metadata.ts';
import type { Cluster, KubernetesObject } from '../kubernetes/cluster.ts';
import { viewPod } from '../kubernetes/pods.ts';
import { rolloutOf } from '../kubernetes/rollout.ts';
import { podTrouble, warningsAbout } from '../kubernetes/trouble.ts';
import { lastLogLines } from './readiness.ts';

const POLL_MILLIS = 500;

const statefulSetSchema = z.looseObject({
  spec: z.looseObject({
    template: z.looseObject({
      spec: z.looseObject({ containers: z.array(z.looseObject({ image: z.string().default('') })).default([]) }),
    }),
    volumeClaimTemplates: z
      .array(
        z.looseObject({
          spec: z.looseObject({ resources: z.looseObject({ requests: z.record(z.string(), z.string()) }) }),
        }),
      )
      .default([]),
  }),
});

/** What the API server says of the collector. */
export interface CollectorState {
  /** What it waits for; absent: nothing. */
  readonly trouble?: string;
  readonly image: string;
  /** Size of its volume; absent: events are gone with its pod. */
  readonly storage?: string;
}

/** Undefined where none is installed. */
export async function collectorState(cluster: Cluster, namespace: string): Promise<CollectorState | undefined> {
  const object = await findCollector(cluster, namespace);
  if (object === undefined) return undefined;
  const { spec } = statefulSetSchema.parse(object);
  const storage = spec.volumeClaimTemplates[0]?.spec.resources.requests.storage;
  const rollout = rolloutOf(object);
  return {
    ...(rollout === undefined || rollout.state === 'complete' ? {} : { trouble: rollout.message }),
    image: spec.template.spec.containers[0]?.image ?? '',
    ...(storage === undefined ? {} : { storage }),
  };
}

/**
 * Settles once the collector is ready.
 * @throws UserError DBA1104 with what its pod, events and log say, when the time is up
 */
export async function waitForCollector(
  cluster: Cluster,
  waiting: {
    readonly namespace: string;
    readonly timeoutMillis: number;
    readonly signal: AbortSignal;
    readonly update: (state: string) => void;
  },
): Promise<void> {
  const { namespace, timeoutMillis, signal, update } = waiting;
  const deadline = Date.now() + timeoutMillis;
  for (;;) {
    const state = await collectorState(cluster, namespace);
    if (state !== undefined && state.trouble === undefined) return;
    const missing = state?.trouble ?? 'there is no StatefulSet';
    update(missing);
    if (Date.now() >= deadline) {
      throw new UserError(
        'DBA1104',
        [`the collector is not ready in time: ${missing}`, ...(await collectorTrouble(cluster, namespace))].join(
          '\n  ',
        ),
        'Pods are given agents all the same, which keep their events meanwhile. --timeout waits longer, --no-collector leaves it out.',
      );
    }
    await sleep(POLL_MILLIS, undefined, { signal });
  }
}

/** What its pod, their events and its log say, in lines. */
export async function collectorTrouble(cluster: Cluster, namespace: string): Promise<readonly string[]> {
  const owner = await findCollector(cluster, namespace);
  if (owner === undefined) return [];
  const object = await cluster.find({ apiVersion: 'v1', kind: 'Pod' }, COLLECTOR_POD, namespace);
  const pods = object === undefined ? [] : [viewPod(object)];
  const warnings = await warningsAbout(cluster, owner, pods, new Set());
  const logs = await Promise.all(pods.filter(({ ready }) => !ready).map((pod) => lastLogLines(cluster, pod)));
  return [...podTrouble(pods), ...warnings, ...logs.flat()];
}

function findCollector(cluster: Cluster, namespace: string): Promise<KubernetesObject | undefined> {
  return cluster.find({ apiVersion: 'apps/v1', kind: 'StatefulSet' }, COLLECTOR, namespace);
}
