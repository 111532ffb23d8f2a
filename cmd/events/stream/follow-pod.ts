import { setTimeout as sleep } from 'node:timers/promises';
import { AGENT_CONTAINER } from '../../../contract/labels.ts';
import { UserError } from '../../../contract/user-error.ts';
import type { Cluster } from '../../kubernetes/cluster.ts';
import { type LogItem, readAgentLog } from '../log-lines.ts';
import type { AgentPod } from './agent-pod.ts';
import { secondsSince } from './history.ts';

const POD = { apiVersion: 'v1', kind: 'Pod' };
const FIRST_PAUSE_MILLIS = 500;
const LONGEST_PAUSE_MILLIS = 10_000;
/** The kubelet ends the log of a pod that has gone, unless its node has gone too. */
const LAST_WORDS_MILLIS = 5_000;

export interface FollowOptions {
  /** Only what comes from now on; otherwise from where its log was read to, or from its beginning. */
  readonly fromNow: boolean;
  /** Resolved before the next item is read: a slow reader slows the log down. */
  readonly onItem: (pod: AgentPod, item: LogItem) => Promise<void>;
  readonly signal: AbortSignal;
}

/**
 * Follows the log of a pod's agent over lost connections and restarts of the container, until the pod has ended. After
 * each loss the log is read again from a little before it; what was read then is left out by its sequence number.
 * Rejects with UserError DBA1102: without the right, waiting does not help.
 */
export async function followPod(cluster: Cluster, pod: AgentPod, options: FollowOptions): Promise<void> {
  const { signal, onItem } = options;
  let tailNothing = options.fromNow && pod.readUntil === undefined;
  let pauseMillis = FIRST_PAUSE_MILLIS;
  let restarts = pod.restarts;
  if (tailNothing) pod.readUntil = Date.now();
  const interrupted = aborted(signal);
  while (!signal.aborted && !pod.gone) {
    if (!pod.hasLog) {
      if (pod.ended) return;
      await Promise.race([pod.changed, interrupted]);
      continue;
    }
    const ended = pod.ended;
    try {
      // What the agent wrote between the loss of the connection and its end is in the log of the one before.
      if (pod.restarts > restarts && !tailNothing) await read({ previous: true });
      restarts = pod.restarts;
      if (await read({ follow: true })) pauseMillis = FIRST_PAUSE_MILLIS;
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof UserError && error.code === 'DBA1102') throw error;
    }
    // Read once more after its end, so that nothing of it is left.
    if (ended) return;
    // The watch may be slower than the log, and the end of a log may mean that there is another container now.
    await cluster.find(POD, pod.pod, pod.namespace).then(
      (object) => pod.update(object),
      () => undefined,
    );
    await Promise.race([pod.changed, sleep(pauseMillis, undefined, { signal }).catch(() => undefined)]);
    pauseMillis = Math.min(pauseMillis * 2, LONGEST_PAUSE_MILLIS);
  }

  /** True where something new came. */
  async function read(which: { readonly follow?: boolean; readonly previous?: boolean }): Promise<boolean> {
    const connection = new AbortController();
    const log = await cluster.logs({
      namespace: pod.namespace,
      pod: pod.pod,
      container: AGENT_CONTAINER,
      signal: AbortSignal.any([signal, connection.signal]),
      ...which,
      ...start(),
    });
    const mayBeginTorn = pod.readUntil !== undefined;
    tailNothing = false;
    let something = false;
    const end = endWith(pod, connection);
    try {
      for await (const item of readAgentLog(log, pod, { mayBeginTorn })) {
        something = true;
        await onItem(pod, item);
        if (item.kind === 'event') pod.noteRead(item.received);
      }
    } finally {
      end();
      log.destroy();
    }
    return something;
  }

  function start(): { readonly tailLines?: number; readonly sinceSeconds?: number } {
    if (tailNothing) return { tailLines: 0 };
    return pod.readUntil === undefined ? {} : { sinceSeconds: secondsSince(pod.readUntil) };
  }
}

/** Ends the connection some time after the pod, whether or not the other side does; gives what takes that back. */
function endWith(pod: AgentPod, connection: AbortController): () => void {
  let timer: NodeJS.Timeout | undefined;
  let watching = true;
  const look = async () => {
    while (watching && !pod.ended) await pod.changed;
    if (watching) timer = setTimeout(() => connection.abort(), LAST_WORDS_MILLIS);
  };
  void look();
  return () => {
    watching = false;
    clearTimeout(timer);
  };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
