import { AGENT_CONTAINER } from '../../../contract/labels.ts';
import type { Cluster } from '../../kubernetes/cluster.ts';
import { type LogItem, readAgentLog } from '../log-lines.ts';
import { completedAt } from '../received.ts';
import type { AgentPod } from './agent-pod.ts';
import { type Keyed, mergeByKey } from './merge.ts';

/** The kubelet counts in whole seconds, and by the time at which a line was written. */
const SLACK_SECONDS = 2;

/** An item of a pod's log. */
export interface PodItem {
  readonly pod: AgentPod;
  readonly item: LogItem;
}

export interface HistoryOptions {
  /** Milliseconds since 1970; undefined: all that the logs hold. */
  readonly since: number | undefined;
  readonly signal: AbortSignal;
  /** A log that cannot be read. The others are read nevertheless. */
  readonly onUnreadable: (pod: AgentPod, error: unknown) => void;
}

/** What the logs of these pods hold now, in the order in which it happened. */
export async function* readHistory(
  cluster: Cluster,
  pods: readonly AgentPod[],
  options: HistoryOptions,
): AsyncGenerator<PodItem> {
  yield* mergeByKey(pods.map((pod) => readOne(cluster, pod, options)));
}

async function* readOne(
  cluster: Cluster,
  pod: AgentPod,
  { since, signal, onUnreadable }: HistoryOptions,
): AsyncGenerator<Keyed<PodItem>> {
  if (!pod.hasLog) return;
  const started = Date.now();
  let key = '';
  try {
    const log = await cluster.logs({
      namespace: pod.namespace,
      pod: pod.pod,
      container: AGENT_CONTAINER,
      signal,
      ...(since === undefined ? {} : { sinceSeconds: secondsSince(since) }),
    });
    for await (const item of readAgentLog(log, pod, { mayBeginTorn: since !== undefined })) {
      // A slow statement is written after quicker ones that began later.
      if (item.kind === 'event' && completedAt(item.received) > key) key = completedAt(item.received);
      yield { key, item: { pod, item } };
    }
    pod.readUntil = started;
  } catch (error) {
    if (!signal.aborted) onUnreadable(pod, error);
  }
}

/** For `sinceSeconds`: rather too early than too late. */
export function secondsSince(millis: number): number {
  return Math.max(1, Math.ceil((Date.now() - millis) / 1_000) + SLACK_SECONDS);
}
