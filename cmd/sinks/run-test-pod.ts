import { text } from 'node:stream/consumers';
import { UserError } from '../../contract/user-error.ts';
import type { Cluster, KubernetesObject } from '../kubernetes/cluster.ts';
import { type PodView, viewPod } from '../kubernetes/pods.ts';
import { podTrouble, warningsAbout } from '../kubernetes/trouble.ts';
import type { Screen } from '../output/screen.ts';
import { TEST_CONTAINER } from './test-pod.ts';

const POD = { apiVersion: 'v1', kind: 'Pod' };
/** Waiting for more does not help. The first failure of a pull is tried again by the kubelet at once. */
const HOPELESS = ['ImagePullBackOff', 'ErrImageNeverPull', 'InvalidImageName', 'CreateContainerConfigError'];

export interface Running {
  readonly screen: Screen;
  readonly signal: AbortSignal;
  readonly timeoutMillis: number;
  readonly update: (state: string) => void;
}

/**
 * Makes the pod, waits until it has ended and gives what it printed. The pod is removed whatever happens, also when the
 * caller is interrupted.
 * @throws UserError DBA1104 where it does not start or end in time, with the reason; others as the API server refuses it
 */
export async function runTestPod(cluster: Cluster, pod: KubernetesObject, running: Running): Promise<string> {
  const { name, namespace = '' } = pod.metadata;
  const created = await cluster.create(pod);
  try {
    await untilEnded(cluster, created, running);
    return await text(await cluster.logs({ namespace, pod: name, container: TEST_CONTAINER }));
  } finally {
    await cluster.remove(POD, name, namespace, { gracePeriodSeconds: 0 }).catch((error: unknown) => {
      if (!(error instanceof UserError)) throw error;
      running.screen.say(`note: pod/${name} -n ${namespace} could not be removed: ${error.message}`);
    });
  }
}

async function untilEnded(cluster: Cluster, pod: KubernetesObject, running: Running): Promise<void> {
  const { name, namespace = '' } = pod.metadata;
  const { signal, timeoutMillis, update } = running;
  const deadline = AbortSignal.timeout(timeoutMillis);
  let last = viewPod(pod);
  const selection = { namespace, fieldSelector: `metadata.name=${name}` };
  for await (const event of cluster.watch(POD, selection, AbortSignal.any([signal, deadline]))) {
    const [object] = event.type === 'LISTED' ? event.objects : [event.object];
    if (event.type === 'DELETED' || object === undefined) throw notRun(name, namespace, ['somebody removed the pod']);
    last = viewPod(object);
    if (last.phase === 'Succeeded' || last.phase === 'Failed') return;
    const state = last.containers[0]?.state;
    if (HOPELESS.includes(state?.waiting?.reason ?? '')) throw await failure(cluster, pod, last);
    update(last.phase === 'Running' ? 'the pod runs' : (state?.waiting?.reason ?? last.phase));
  }
  signal.throwIfAborted();
  throw await failure(cluster, pod, last, timeoutMillis);
}

async function failure(
  cluster: Cluster,
  pod: KubernetesObject,
  view: PodView,
  timeoutMillis?: number,
): Promise<UserError> {
  const { name, namespace = '' } = pod.metadata;
  const warnings = await warningsAbout(cluster, pod, [view], new Set()).catch(() => []);
  const reasons = [...podTrouble([view]), ...warnings];
  const late = timeoutMillis === undefined ? [] : [`it has not ended after ${Math.round(timeoutMillis / 1_000)} s`];
  return notRun(name, namespace, [...late, ...reasons]);
}

function notRun(name: string, namespace: string, reasons: readonly string[]): UserError {
  return new UserError(
    'DBA1104',
    [`the pod for the test, ${name} in ${namespace}, did not do its work`, ...reasons].join('\n  '),
    'The reasons above say what keeps pods with the agent’s image from running there; --timeout waits longer.',
  );
}
