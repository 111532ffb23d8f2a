import type { V1ResourceQuota } from '@kubernetes/client-node';
import { type Amounts, plus } from './pod-usage.ts';
import { parseAmount } from './resource-amount.ts';

/** A quota counts a pod some milliseconds after we let it through; one that was refused later is never counted. */
const HELD_MILLIS = 2_000;

/**
 * Each replica knows its own alone, and takes it that two others hold as much: the API server spreads pods evenly. What
 * this costs: of many pods that come at the same time with little room left, some are skipped that would have fitted.
 */
const REPLICAS = 3n;

interface Reservation {
  readonly amounts: Amounts;
  readonly until: number;
}

/**
 * What was let through and is not in the quotas' `used` yet, so that pods that come at the same time do not all take the
 * last room.
 */
export class Reservations {
  /** By namespace, then by name of the quota; oldest first. */
  readonly #held = new Map<string, Map<string, Reservation[]>>();
  readonly #used = new Map<string, Amounts>();

  hold(namespace: string, charged: ReadonlyMap<string, Amounts>, now: number): void {
    const quotas = this.#held.get(namespace) ?? new Map<string, Reservation[]>();
    this.#held.set(namespace, quotas);
    for (const [quota, amounts] of charged) {
      const held = quotas.get(quota) ?? [];
      held.push({ amounts, until: now + HELD_MILLIS });
      quotas.set(quota, held);
    }
  }

  /** By name of the quota. */
  inForce(namespace: string, now: number): ReadonlyMap<string, Amounts> {
    const sums = new Map<string, Amounts>();
    const quotas = this.#held.get(namespace);
    if (quotas === undefined) return sums;
    for (const [quota, all] of quotas) {
      const held = all.filter(({ until }) => until > now);
      if (held.length === 0) quotas.delete(quota);
      else {
        quotas.set(quota, held);
        const own = held.map(({ amounts }) => amounts).reduce(plus, {});
        sums.set(quota, Object.fromEntries(Object.entries(own).map(([resource, sum]) => [resource, sum * REPLICAS])));
      }
    }
    if (quotas.size === 0) this.#held.delete(namespace);
    return sums;
  }

  /** A quota's `used` grew: so much of the oldest reservations has been counted. */
  observe({ metadata, status }: V1ResourceQuota, change: 'present' | 'gone'): void {
    const namespace = metadata?.namespace ?? '';
    const name = metadata?.name ?? '';
    const key = `${namespace}/${name}`;
    if (change === 'gone') {
      this.#used.delete(key);
      this.#held.get(namespace)?.delete(name);
      return;
    }
    const used: Amounts = Object.fromEntries(
      Object.entries(status?.used ?? {}).map(([resource, amount]) => [resource, parseAmount(amount)]),
    );
    const earlier = this.#used.get(key) ?? used;
    this.#used.set(key, used);
    const held = this.#held.get(namespace)?.get(name);
    let oldest = held?.[0];
    let growth = used;
    for (const [resource, amount] of Object.entries(earlier)) growth = plus(growth, { [resource]: -amount });
    while (held !== undefined && oldest !== undefined) {
      const { amounts } = oldest;
      const resources = Object.keys(amounts).filter((resource) => (amounts[resource] ?? 0n) > 0n);
      if (!resources.every((resource) => (growth[resource] ?? 0n) >= (amounts[resource] ?? 0n))) return;
      for (const resource of resources) growth = plus(growth, { [resource]: -(amounts[resource] ?? 0n) });
      held.shift();
      oldest = held[0];
    }
  }
}
