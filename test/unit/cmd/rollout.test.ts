import { describe, expect, test } from '@jest/globals';
import type { KubernetesObject } from '../../../cmd/kubernetes/cluster.ts';
import { rolloutOf } from '../../../cmd/kubernetes/rollout.ts';

const object = (kind: string, spec: object, status: object): KubernetesObject => ({
  apiVersion: 'apps/v1',
  kind,
  metadata: { name: 'x', generation: 2 },
  spec,
  status: { observedGeneration: 2, ...status },
});

const told = (kind: string, spec: object, status: object) => {
  const rollout = rolloutOf(object(kind, spec, status));
  return rollout && `${rollout.state}: ${rollout.message}`;
};

describe('a rollout is told as kubectl rollout status tells it', () => {
  test.each([
    [{ replicas: 3 }, { observedGeneration: 1 }, 'running: its controller has not seen the change yet'],
    [{ replicas: 3 }, { updatedReplicas: 1, replicas: 3 }, 'running: 1 of 3 new pods made'],
    [{ replicas: 3 }, { updatedReplicas: 3, replicas: 4 }, 'running: 1 old pod still ends'],
    [{ replicas: 3 }, { updatedReplicas: 3, replicas: 3, availableReplicas: 2 }, 'running: 2 of 3 new pods ready'],
    [{ replicas: 3 }, { updatedReplicas: 3, replicas: 3, availableReplicas: 3 }, 'complete: 3 new pods ready'],
    [{}, { updatedReplicas: 1, replicas: 1, availableReplicas: 1 }, 'complete: 1 new pod ready'],
    [{ replicas: 0 }, {}, 'complete: 0 new pods ready'],
    [{ replicas: 3, paused: true }, {}, 'manual: the Deployment is paused: `kubectl rollout resume` goes on'],
    [
      { replicas: 3 },
      { conditions: [{ type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded', message: 'late' }] },
      'failed: late',
    ],
    [
      { replicas: 3 },
      { conditions: [{ type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: 'forbidden' }] },
      'failed: forbidden',
    ],
  ])('Deployment %j %j', (spec, status, expected) => {
    expect(told('Deployment', spec, status)).toBe(expected);
  });

  test.each([
    [{ replicas: 2 }, { readyReplicas: 1 }, 'running: 1 of 2 pods ready'],
    [
      { replicas: 2 },
      { readyReplicas: 2, updatedReplicas: 1, currentRevision: 'a', updateRevision: 'b' },
      'running: 1 of 2 new pods made',
    ],
    [{ replicas: 2 }, { readyReplicas: 2, currentRevision: 'b', updateRevision: 'b' }, 'complete: 2 new pods ready'],
    [
      { replicas: 3, updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 2 } } },
      { readyReplicas: 3, updatedReplicas: 0, currentRevision: 'a', updateRevision: 'b' },
      'running: 0 of 1 new pods made',
    ],
    [
      { replicas: 3, updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 2 } } },
      { readyReplicas: 3, updatedReplicas: 1, currentRevision: 'a', updateRevision: 'b' },
      'complete: 1 new pod ready',
    ],
    [
      { replicas: 2, updateStrategy: { type: 'OnDelete' } },
      {},
      'manual: its update strategy is OnDelete: each pod changes when it is deleted',
    ],
  ])('StatefulSet %j %j', (spec, status, expected) => {
    expect(told('StatefulSet', spec, status)).toBe(expected);
  });

  test.each([
    [{}, { desiredNumberScheduled: 3, updatedNumberScheduled: 2 }, 'running: 2 of 3 new pods made'],
    [
      {},
      { desiredNumberScheduled: 3, updatedNumberScheduled: 3, numberAvailable: 1 },
      'running: 1 of 3 new pods ready',
    ],
    [{}, { desiredNumberScheduled: 3, updatedNumberScheduled: 3, numberAvailable: 3 }, 'complete: 3 new pods ready'],
  ])('DaemonSet %j %j', (spec, status, expected) => {
    expect(told('DaemonSet', spec, status)).toBe(expected);
  });

  test('a CronJob does not roll out', () => {
    expect(told('CronJob', {}, {})).toBeUndefined();
  });
});
