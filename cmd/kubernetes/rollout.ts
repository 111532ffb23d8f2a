import * as z from 'zod';
import type { KubernetesObject } from './cluster.ts';

/** How far a controller has got in giving its pods the template it has now. */
export type Rollout =
  | { readonly state: 'running' | 'complete'; readonly message: string }
  /** The controller gave up, or says that it cannot make pods. */
  | { readonly state: 'failed'; readonly message: string }
  /** The controller waits for a person: paused, or pods are replaced only when someone deletes them. */
  | { readonly state: 'manual'; readonly message: string };

const count = z.number().default(0);
const condition = z.looseObject({
  type: z.string(),
  status: z.string(),
  reason: z.string().optional(),
  message: z.string().optional(),
});

const deploymentSchema = z.looseObject({
  metadata: z.looseObject({ generation: count }),
  spec: z.looseObject({ replicas: z.number().default(1), paused: z.boolean().default(false) }),
  status: z
    .looseObject({
      observedGeneration: count,
      replicas: count,
      updatedReplicas: count,
      availableReplicas: count,
      conditions: z.array(condition).default([]),
    })
    .prefault({}),
});

const updateStrategy = z
  .looseObject({
    type: z.string().default('RollingUpdate'),
    rollingUpdate: z.looseObject({ partition: count }).prefault({}),
  })
  .prefault({});

const statefulSetSchema = z.looseObject({
  metadata: z.looseObject({ generation: count }),
  spec: z.looseObject({ replicas: z.number().default(1), updateStrategy }),
  status: z
    .looseObject({
      observedGeneration: count,
      readyReplicas: count,
      updatedReplicas: count,
      currentRevision: z.string().default(''),
      updateRevision: z.string().default(''),
    })
    .prefault({}),
});

const daemonSetSchema = z.looseObject({
  metadata: z.looseObject({ generation: count }),
  spec: z.looseObject({ updateStrategy }),
  status: z
    .looseObject({
      observedGeneration: count,
      updatedNumberScheduled: count,
      desiredNumberScheduled: count,
      numberAvailable: count,
    })
    .prefault({}),
});

/**
 * What `kubectl rollout status` would say (k8s.io/kubectl/pkg/polymorphichelpers/rollout_status.go), and in addition
 * whether a Deployment reports that its pods cannot be made. Undefined for kinds that do not roll out.
 */
export function rolloutOf(object: KubernetesObject): Rollout | undefined {
  switch (object.kind) {
    case 'Deployment':
      return deploymentRollout(object);
    case 'StatefulSet':
      return statefulSetRollout(object);
    case 'DaemonSet':
      return daemonSetRollout(object);
    default:
      return undefined;
  }
}

function deploymentRollout(object: KubernetesObject): Rollout {
  const { metadata, spec, status } = deploymentSchema.parse(object);
  if (spec.paused) return { state: 'manual', message: 'the Deployment is paused: `kubectl rollout resume` goes on' };
  if (metadata.generation > status.observedGeneration) return notObserved();
  const failed = status.conditions.find(
    ({ type, status, reason }) =>
      (type === 'Progressing' && reason === 'ProgressDeadlineExceeded') ||
      (type === 'ReplicaFailure' && status === 'True'),
  );
  if (failed) return { state: 'failed', message: failed.message ?? failed.reason ?? 'the rollout failed' };
  if (status.updatedReplicas < spec.replicas)
    return running(`${status.updatedReplicas} of ${spec.replicas} new pods made`);
  const old = status.replicas - status.updatedReplicas;
  if (old > 0) return running(old === 1 ? '1 old pod still ends' : `${old} old pods still end`);
  if (status.availableReplicas < status.updatedReplicas)
    return running(`${status.availableReplicas} of ${status.updatedReplicas} new pods ready`);
  return complete(status.updatedReplicas);
}

function statefulSetRollout(object: KubernetesObject): Rollout {
  const { metadata, spec, status } = statefulSetSchema.parse(object);
  if (spec.updateStrategy.type !== 'RollingUpdate') return onDelete();
  if (status.observedGeneration === 0 || metadata.generation > status.observedGeneration) return notObserved();
  if (status.readyReplicas < spec.replicas) return running(`${status.readyReplicas} of ${spec.replicas} pods ready`);
  const { partition } = spec.updateStrategy.rollingUpdate;
  const wanted = Math.max(spec.replicas - partition, 0);
  if (partition > 0) {
    if (status.updatedReplicas < wanted) return running(`${status.updatedReplicas} of ${wanted} new pods made`);
    return complete(status.updatedReplicas);
  }
  if (status.updateRevision !== status.currentRevision)
    return running(`${status.updatedReplicas} of ${spec.replicas} new pods made`);
  return complete(spec.replicas);
}

function daemonSetRollout(object: KubernetesObject): Rollout {
  const { metadata, spec, status } = daemonSetSchema.parse(object);
  if (spec.updateStrategy.type !== 'RollingUpdate') return onDelete();
  if (metadata.generation > status.observedGeneration) return notObserved();
  const desired = status.desiredNumberScheduled;
  if (status.updatedNumberScheduled < desired)
    return running(`${status.updatedNumberScheduled} of ${desired} new pods made`);
  if (status.numberAvailable < desired) return running(`${status.numberAvailable} of ${desired} new pods ready`);
  return complete(desired);
}

function running(message: string): Rollout {
  return { state: 'running', message };
}

function complete(pods: number): Rollout {
  return { state: 'complete', message: pods === 1 ? '1 new pod ready' : `${pods} new pods ready` };
}

function notObserved(): Rollout {
  return running('its controller has not seen the change yet');
}

function onDelete(): Rollout {
  return { state: 'manual', message: 'its update strategy is OnDelete: each pod changes when it is deleted' };
}
