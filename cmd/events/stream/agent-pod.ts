import { AGENT_CONTAINER } from '../../../contract/labels.ts';
import type { KubernetesObject } from '../../kubernetes/cluster.ts';
import { type PodView, viewPod } from '../../kubernetes/pods.ts';
import { type LogOwner, RecentLines } from '../log-lines.ts';
import { completedAt, type Received } from '../received.ts';
import { SequenceCheck } from '../sequence-check.ts';

/** A pod with an agent, as the watch knows it now, and how far its events were read. */
export class AgentPod implements LogOwner {
  readonly namespace: string;
  readonly pod: string;
  /** For all connections to its log. */
  readonly sequence = new SequenceCheck();
  readonly words = new RecentLines();
  /** Its log was read up to here (milliseconds since 1970), or a little further; undefined: not yet. */
  readUntil: number | undefined;
  #view: PodView;
  #deleted = false;
  #changed = Promise.withResolvers<void>();

  constructor(object: KubernetesObject) {
    this.#view = viewPod(object);
    this.namespace = this.#view.namespace;
    this.pod = this.#view.name;
  }

  get view(): PodView {
    return this.#view;
  }

  /** Nothing more will come once its log has been read to the end. */
  get ended(): boolean {
    return this.#deleted || this.#view.ended;
  }

  /** It is deleted: a pod of its name is another one. */
  get gone(): boolean {
    return this.#deleted;
  }

  /** How often the agent was started anew. */
  get restarts(): number {
    return this.#agent?.restartCount ?? 0;
  }

  /** There is a log to be read: the agent runs, or ran once. */
  get hasLog(): boolean {
    const agent = this.#agent;
    return agent !== undefined && (agent.restartCount > 0 || agent.state.waiting === undefined);
  }

  /** A pod of the same name that was made anew is another one. */
  update(object: KubernetesObject | undefined): void {
    if (object?.metadata.uid === this.#view.object.metadata.uid && object !== undefined) this.#view = viewPod(object);
    else this.#deleted = true;
    this.#tell();
  }

  /** An event of it was read: nothing older is missing. */
  noteRead(received: Received): void {
    this.readUntil = Math.min(Date.now(), Date.parse(completedAt(received)));
  }

  /** Settles when the watch next has something to say of it. */
  get changed(): Promise<void> {
    return this.#changed.promise;
  }

  get #agent() {
    return this.#view.containers.find(({ name }) => name === AGENT_CONTAINER);
  }

  #tell(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }
}

/** `NAMESPACE/NAME`, which tells pods of one moment apart. */
export function keyOf({ metadata }: KubernetesObject): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`;
}
