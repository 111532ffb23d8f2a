import type { KubernetesObject } from '@kubernetes/client-node';
import { changeRecord, controllerOf, type OwnerReference, type PodRecord } from './pod-record.ts';

/** Owners between a pod and what a person created; other kinds are the end of the chain. */
const INTERMEDIATE_KINDS: readonly string[] = ['ReplicaSet', 'Job'];

/** ReplicaSets and Jobs with who is above them: the Deployment or CronJob that a person knows. */
export class OwnerChains {
  /** By uid; null: nobody is above it. */
  readonly #controllers = new Map<string, OwnerReference | null>();
  /** Pods that came before their owner did, by its uid. */
  readonly #waiting = new Map<string, PodRecord[]>();

  present({ metadata }: KubernetesObject): void {
    const { uid } = metadata ?? {};
    if (uid === undefined) return;
    this.#controllers.set(uid, controllerOf(metadata) ?? null);
    const waiting = this.#waiting.get(uid);
    this.#waiting.delete(uid);
    for (const record of waiting ?? []) this.resolve(record);
  }

  /** Pods that it owned have its chain already. */
  gone({ metadata }: KubernetesObject): void {
    this.#controllers.delete(metadata?.uid ?? '');
  }

  /** Gives a pod its owners, now or once they are known. */
  resolve(record: PodRecord): void {
    const { controller } = record;
    if (controller === undefined) return;
    const first = `${controller.kind}/${controller.name}`;
    const isIntermediate = INTERMEDIATE_KINDS.includes(controller.kind);
    const above = isIntermediate ? this.#controllers.get(controller.uid) : null;
    if (above !== undefined) {
      changeRecord(record, { owners: above === null ? [first] : [first, `${above.kind}/${above.name}`] });
      return;
    }
    const waiting = this.#waiting.get(controller.uid) ?? [];
    this.#waiting.set(controller.uid, [...waiting.filter(({ uid }) => uid !== record.uid), record]);
  }

  /** Forgets pods that waited for an owner in vain. */
  sweep(isKept: (uid: string) => boolean): void {
    for (const [uid, records] of this.#waiting) {
      const kept = records.filter((record) => isKept(record.uid));
      if (kept.length === 0) this.#waiting.delete(uid);
      else this.#waiting.set(uid, kept);
    }
  }
}
