import { setTimeout as sleep } from 'node:timers/promises';
import { UserError } from '../../contract/user-error.ts';
import { INJECTOR, INJECTOR_SELECTOR } from '../../manifests/metadata.ts';
import type { Cluster, KubernetesObject } from '../kubernetes/cluster.ts';
import { type PodView, viewPod } from '../kubernetes/pods.ts';
import { rolloutOf } from '../kubernetes/rollout.ts';
import { podTrouble, warningsAbout } from '../kubernetes/trouble.ts';
import { probeInjector } from './probe.ts';

const POLL_MILLIS = 500;
const LOG_LINES = 10;
/** Seconds are usual. */
const LONGEST_ECHO_MILLIS = 30_000;
const SELECTOR = Object.entries(INJECTOR_SELECTOR)
  .map(([key, value]) => `${key}=${value}`)
  .join(',');

interface Waiting {
  readonly namespace: string;
  readonly timeoutMillis: number;
  readonly signal: AbortSignal;
  readonly update: (state: string) => void;
}

/** The injector's Deployment; undefined where the API server injects by itself, or nothing is installed. */
export function findInjectorDeployment(cluster: Cluster, namespace: string): Promise<KubernetesObject | undefined> {
  return cluster.find({ apiVersion: 'apps/v1', kind: 'Deployment' }, INJECTOR, namespace);
}

/** The injector's pods, those that have ended left out. */
export async function injectorPods(cluster: Cluster, namespace: string): Promise<readonly PodView[]> {
  const pods = await cluster.list({ apiVersion: 'v1', kind: 'Pod' }, { namespace, labelSelector: SELECTOR });
  return pods.map(viewPod).filter(({ ended }) => !ended);
}

/**
 * Settles once the injector's replicas are available and a pod that is only tried got its agent. Where the cluster refuses
 * the pod that is tried, its reason is given, and the replicas alone are proof.
 * @throws UserError DBA1104 with the state, events and last log lines of what is not ready, when the time is up
 */
export async function waitForInjector(cluster: Cluster, waiting: Waiting): Promise<string | undefined> {
  const { namespace, timeoutMillis, signal, update } = waiting;
  const deadline = Date.now() + timeoutMillis;
  for (;;) {
    const state = await injectorState(cluster, namespace);
    if (state.ready) return state.note;
    update(state.missing);
    if (Date.now() >= deadline) throw await notReady(cluster, waiting, state.missing);
    await sleep(POLL_MILLIS, undefined, { signal });
  }
}

/**
 * Settles once a pod that is only tried gets no agent: an API server that has removed what injects goes on for a moment
 * as before. Where nothing can be tried, and after a bound, it settles too.
 */
export async function waitForSilence(cluster: Cluster, signal: AbortSignal): Promise<void> {
  const deadline = Date.now() + LONGEST_ECHO_MILLIS;
  while (Date.now() < deadline && (await probeInjector(cluster)).kind === 'answers') {
    await sleep(POLL_MILLIS, undefined, { signal });
  }
}

type InjectorState =
  | { readonly ready: true; readonly note?: string }
  | { readonly ready: false; readonly missing: string };

async function injectorState(cluster: Cluster, namespace: string): Promise<InjectorState> {
  const deployment = await findInjectorDeployment(cluster, namespace);
  const rollout = deployment && rolloutOf(deployment);
  if (rollout !== undefined && rollout.state !== 'complete') return { ready: false, missing: rollout.message };
  const probe = await probeInjector(cluster);
  switch (probe.kind) {
    case 'answers':
      return { ready: true };
    case 'unknown':
      return { ready: true, note: probe.reason };
    case 'silent':
      return { ready: false, missing: 'the API server does not get an answer from it' };
  }
}

async function notReady(cluster: Cluster, { namespace, timeoutMillis }: Waiting, state: string): Promise<UserError> {
  const details = await injectorTrouble(cluster, namespace);
  return new UserError(
    'DBA1104',
    [`the injector is not ready after ${Math.round(timeoutMillis / 1_000)} s: ${state}`, ...details].join('\n  '),
    '`kubectl dbaudit check` looks for the reason; --timeout waits longer; `kubectl dbaudit uninstall` takes all away.',
  );
}

/** What its pods, their events and their logs say, in lines. */
export async function injectorTrouble(cluster: Cluster, namespace: string): Promise<readonly string[]> {
  const deployment = await findInjectorDeployment(cluster, namespace);
  if (deployment === undefined) return [];
  const pods = await injectorPods(cluster, namespace);
  const warnings = await warningsAbout(cluster, deployment, pods, new Set());
  const logs = await Promise.all(pods.filter(({ ready }) => !ready).map((pod) => lastLogLines(cluster, pod)));
  return [...podTrouble(pods), ...warnings, ...logs.flat()];
}

/** Of each container that has ever started; what cannot be read is left out. */
export async function lastLogLines(
  cluster: Cluster,
  { namespace, name, containers }: PodView,
): Promise<readonly string[]> {
  const texts = await Promise.all(
    containers.map(async (status) => {
      const previous = status.state.running === undefined && status.restartCount > 0;
      const options = { namespace, pod: name, container: status.name, tailLines: LOG_LINES, previous };
      return cluster.logs(options).then(text, () => '');
    }),
  );
  return texts
    .flatMap((text) => text.split('\n'))
    .filter((line) => line !== '')
    .map((line) => `log of pod/${name}: ${line}`);
}

async function text(stream: NodeJS.ReadableStream): Promise<string> {
  let all = '';
  for await (const chunk of stream) all += String(chunk);
  return all;
}
