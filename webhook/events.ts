import { CoreV1Api, type KubeConfig } from '@kubernetes/client-node';
import type { Logger } from 'pino';
import * as z from 'zod';
import { messageOf } from '../kubernetes/informer.ts';
import type { Pod } from './pod.ts';

/** One Event for an owner, reason and codes in this time; the API server drops Events after an hour. */
const REPEAT_MILLIS = 1_800_000;
/** Events at once, and how many more each second: the API server has better things to do. */
const BURST = 50;
const PER_SECOND = 5;
const MAX_MESSAGE_LENGTH = 1_024;

const ownerSchema = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  name: z.string(),
  uid: z.string(),
  controller: z.boolean().nullish(),
});
const ownersSchema = z.array(ownerSchema).nullish();

/** What is told to the owner of a pod. */
export interface InjectionEvent {
  readonly namespace: string;
  readonly pod: Pod;
  readonly reason: 'CaptureInjected' | 'CaptureSkipped';
  /** Codes of what the message says, so that another reason is told at once. */
  readonly codes: string;
  readonly message: string;
}

export interface EventsOptions {
  readonly kubeConfig: KubeConfig;
  readonly podName: string;
  readonly log: Logger;
  onFate(fate: 'created' | 'suppressed' | 'failed'): void;
}

export interface Events {
  /** Returns at once. A pod without a controller gets no Event: it does not exist yet. */
  tell(event: InjectionEvent): void;
}

/** Events on the controller of a pod (ReplicaSet, Job, …), where `kubectl describe` shows them. */
export function openEvents({ kubeConfig, podName, log, onFate }: EventsOptions): Events {
  const core = kubeConfig.makeApiClient(CoreV1Api);
  const budget = new EventBudget();
  return {
    tell: ({ namespace, pod, reason, codes, message }) => {
      const owner = ownersSchema.parse(pod.metadata?.ownerReferences)?.find(({ controller }) => controller === true);
      if (owner === undefined) return;
      const { apiVersion, kind, name, uid } = owner;
      if (!budget.allows(`${uid} ${reason} ${codes}`, Date.now())) return onFate('suppressed');
      const at = new Date();
      core
        .createNamespacedEvent({
          namespace,
          body: {
            metadata: { generateName: 'dbaudit-', namespace },
            involvedObject: { apiVersion, kind, name, uid, namespace },
            reason,
            message: message.slice(0, MAX_MESSAGE_LENGTH),
            type: reason === 'CaptureInjected' ? 'Normal' : 'Warning',
            count: 1,
            firstTimestamp: at,
            lastTimestamp: at,
            source: { component: 'dbaudit-injector' },
            reportingComponent: 'dbaudit.io/injector',
            reportingInstance: podName,
          },
        })
        .then(
          () => onFate('created'),
          (error: unknown) => {
            onFate('failed');
            log.debug({ namespace, owner: `${kind}/${name}`, error: messageOf(error) }, 'the Event was not taken');
          },
        );
    },
  };
}

/** Which Events are worth telling: not what was just told, and never more than the rate. */
export class EventBudget {
  /** When each may be told again, oldest first. The rate bounds how many there are: 9050. */
  readonly #told = new Map<string, number>();
  #tokens = BURST;
  #refilled = 0;

  get remembered(): number {
    return this.#told.size;
  }

  allows(key: string, now: number): boolean {
    if ((this.#told.get(key) ?? 0) > now) return false;
    this.#tokens = Math.min(BURST, this.#tokens + ((now - this.#refilled) / 1_000) * PER_SECOND);
    this.#refilled = now;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    this.#told.delete(key);
    this.#told.set(key, now + REPEAT_MILLIS);
    for (const [oldest, until] of this.#told) {
      if (until > now) break;
      this.#told.delete(oldest);
    }
    return true;
  }
}
