import type { Cluster, KubernetesObject, WatchEvent } from '../../kubernetes/cluster.ts';
import { readable } from '../formats/event-words.ts';
import type { KnownAddresses } from '../known-addresses.ts';
import type { LogItem } from '../log-lines.ts';
import type { Received } from '../received.ts';
import { AgentPod, keyOf } from './agent-pod.ts';
import { followPod } from './follow-pod.ts';
import { readHistory } from './history.ts';
import { notePod, noteServices } from './pod-addresses.ts';
import type { PodSelection } from './pod-selection.ts';

const POD = { apiVersion: 'v1', kind: 'Pod' };
/** More pods that are there from the start are counted instead of named. */
const NAMED_AT_START = 10;

export interface EventSourceOptions {
  readonly cluster: Cluster;
  readonly selection: PodSelection;
  /** Learns the names of pods and services. */
  readonly known: KnownAddresses;
  /** What the logs hold already is read first, from `since` (milliseconds since 1970) on; undefined: it is not read. */
  readonly history?: { readonly since: number | undefined };
  readonly follow: boolean;
  /** Logs that are read at a time: each is a connection through the API server to a kubelet. */
  readonly maxPods: number;
  readonly signal: AbortSignal;
  /** Awaited: a slow reader slows the logs down. */
  readonly onEvent: (received: Received) => Promise<void>;
  /** What was there already has been given. */
  readonly onHistoryEnd?: () => Promise<void>;
  /** For people: pods that come and go, what agents say of themselves, what cannot be read. */
  readonly say: (line: string) => void;
}

/**
 * Gives the events of the agents in the selected pods, straight from their logs: first those that are there, in order,
 * then those that come, of pods that come as well. Settles with the number of pods found at the start once all is
 * read, or with the signal.
 */
export async function readEvents(options: EventSourceOptions): Promise<number> {
  const { cluster, selection, known, history, follow, signal, say } = options;
  const listed = await Promise.all(selection.selections.map((selection) => cluster.list(POD, selection)));
  const pods = listed
    .flat()
    .map((object) => new AgentPod(object))
    .filter(({ view }) => selection.matches(view))
    .sort((a, b) => compare(a.namespace, b.namespace) || compare(a.pod, b.pod));
  for (const pod of pods) notePod(pod, known);
  await noteServices(
    cluster,
    selection.selections.map(({ namespace }) => namespace),
    known,
  );
  const read = pods.slice(0, options.maxPods);
  if (pods.length === 0) for (const line of nothingThere(selection, follow)) say(line);
  if (read.length < pods.length) say(cappedNotice(read.length, pods.length));
  if (history !== undefined) {
    const onUnreadable = (pod: AgentPod, error: unknown) =>
      say(`! ${pod.namespace} ${pod.pod}: its log cannot be read: ${error instanceof Error ? error.message : error}`);
    for await (const { pod, item } of readHistory(cluster, read, { ...history, signal, onUnreadable })) {
      if (signal.aborted) break;
      await giveItem(options, pod, item);
    }
    await options.onHistoryEnd?.();
  }
  if (follow && !signal.aborted) await new Following(options, pods).run();
  return pods.length;
}

/** The pods that are followed, and those that wait for a place. */
class Following {
  readonly #options: EventSourceOptions;
  readonly #pods = new Map<string, AgentPod>();
  readonly #waiting: (() => void)[] = [];
  readonly #running = new Map<AgentPod, Promise<void>>();
  /** Ends everything, with the caller's signal or because of a failure. */
  readonly #stop = new AbortController();
  readonly #signal: AbortSignal;
  #failure: unknown;

  constructor(options: EventSourceOptions, pods: readonly AgentPod[]) {
    this.#options = options;
    this.#signal = AbortSignal.any([options.signal, this.#stop.signal]);
    for (const pod of pods) this.#pods.set(keyOf(pod.view.object), pod);
  }

  async run(): Promise<void> {
    const { cluster, selection, history, say } = this.#options;
    const present = [...this.#pods.values()].filter(({ ended }) => !ended);
    const silent = present.length > NAMED_AT_START;
    if (silent) say(`+ ${Math.min(present.length, this.#options.maxPods)} pods in ${selection.words}`);
    for (const [index, pod] of present.entries())
      this.#join(pod, history === undefined, silent || index >= this.#options.maxPods);
    const watches = selection.selections.map(async (selection) => {
      for await (const event of cluster.watch(POD, selection, this.#signal)) this.#onWatch(event, selection.namespace);
    });
    const failed = Promise.all(watches).catch((error: unknown) => this.#fail(error));
    await Promise.race([
      failed,
      new Promise((resolve) => this.#signal.addEventListener('abort', resolve, { once: true })),
    ]);
    this.#stop.abort();
    await Promise.all(this.#running.values());
    if (this.#failure !== undefined) throw this.#failure;
  }

  #onWatch(event: WatchEvent, namespace: string | undefined): void {
    if (event.type === 'LISTED') {
      const present = new Set(event.objects.map(keyOf));
      for (const [key, pod] of this.#pods) {
        const watched = namespace === undefined || pod.namespace === namespace;
        if (watched && !present.has(key)) this.#forget(key, pod);
      }
      for (const object of event.objects) this.#see(object);
    } else if (event.type === 'DELETED') {
      const key = keyOf(event.object);
      const pod = this.#pods.get(key);
      if (pod !== undefined) this.#forget(key, pod);
    } else this.#see(event.object);
  }

  #see(object: KubernetesObject): void {
    const key = keyOf(object);
    const known = this.#pods.get(key);
    known?.update(object);
    // Made anew under the same name, as those of StatefulSets are.
    const isNew = known === undefined || known.view.object.metadata.uid !== object.metadata.uid;
    const pod = isNew ? new AgentPod(object) : known;
    if (!this.#options.selection.matches(pod.view)) return;
    if (isNew) {
      if (known !== undefined) this.#forget(key, known);
      this.#pods.set(key, pod);
      this.#join(pod, false, false);
    }
    notePod(pod, this.#options.known);
  }

  #forget(key: string, pod: AgentPod): void {
    this.#pods.delete(key);
    pod.update(undefined);
    notePod(pod, this.#options.known);
  }

  #join(pod: AgentPod, fromNow: boolean, silent: boolean): void {
    const { cluster, maxPods, say } = this.#options;
    const onItem = (pod: AgentPod, item: LogItem) => giveItem(this.#options, pod, item);
    if (pod.ended) return;
    if (this.#running.size >= maxPods) {
      if (!silent) say(`! ${pod.namespace} ${pod.pod} has to wait: ${maxPods} pods are read (--max-pods)`);
      this.#waiting.push(() => this.#join(pod, fromNow, false));
      return;
    }
    if (!silent) say(`+ ${pod.namespace} ${pod.pod}`);
    const following = followPod(cluster, pod, { fromNow, onItem, signal: this.#signal }).then(
      () => this.#leave(pod),
      (error: unknown) => this.#fail(error),
    );
    this.#running.set(pod, following);
  }

  #leave(pod: AgentPod): void {
    this.#running.delete(pod);
    if (this.#signal.aborted) return;
    this.#options.say(`- ${pod.namespace} ${pod.pod}`);
    while (this.#running.size < this.#options.maxPods && this.#waiting.length > 0) this.#waiting.shift()?.();
  }

  #fail(error: unknown): void {
    if (!this.#signal.aborted) this.#failure ??= error;
    this.#stop.abort();
  }
}

/** What an agent says of itself is for people. */
async function giveItem({ onEvent, say }: EventSourceOptions, pod: AgentPod, item: LogItem): Promise<void> {
  if (item.kind === 'event') return onEvent(item.received);
  say(`! ${pod.namespace} ${pod.pod}: ${readable(item.text)}`);
}

function cappedNotice(read: number, found: number): string {
  return `! ${found - read} of ${found} pods are not read: --max-pods ${found} reads all; -n, -l or a name select fewer`;
}

function nothingThere({ words, workload, namespace }: PodSelection, follow: boolean): readonly string[] {
  const flag = namespace === undefined ? '' : ` -n ${namespace}`;
  const next =
    workload === undefined
      ? `\`kubectl dbaudit enable deploy/NAME${flag}\` gives a workload its agents; \`kubectl dbaudit coverage${flag || ' -A'}\` shows what has them`
      : `\`kubectl dbaudit enable ${workload}${flag}\` gives it agents; \`kubectl dbaudit analyze ${workload}${flag}\` says why it has none`;
  return [`No pod with an agent: ${words}.${follow ? ' Waiting for one.' : ''}`, `  next: ${next}`];
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
