import type { V1Pod } from '@kubernetes/client-node';
import { AddressHistory } from './address-history.ts';
import { canonicalAddress } from './address-ranges.ts';
import { OwnerChains } from './owner-chains.ts';
import { endOfGone, millisOf, nodePortsOf, podAddresses, podSpan } from './pod-facts.ts';
import { changeRecord, type PodRecord, podRecord, type ServedBy } from './pod-record.ts';
import { CLOCK_SKEW_MILLIS, REPORT_MILLIS, type Span } from './span.ts';
import { WatchKnowledge } from './watch-knowledge.ts';

/** A pod and what it holds; `keys` by the history that they are of. */
export interface KeptPod {
  readonly record: PodRecord;
  readonly addresses: readonly string[];
  readonly ports: readonly string[];
  readonly span: Span;
  /** Of its object: when its name is its own. */
  readonly life: Span;
  readonly seenAt: number;
  /** It got another sandbox, with other addresses: its object no longer tells when it got these. */
  readonly moved: boolean;
}

export interface PodBookLimits {
  /** How long what has ended is kept, for late events. */
  readonly keepMillis: number;
  /** Pods kept, present and ended; beyond it the ones longest ended are forgotten, and their time is no longer known. */
  readonly pods: number;
}

/** Which pod had which address, node's port and name at which time. Fed by a watch, in its order. */
export class PodBook {
  readonly addresses = new AddressHistory<PodRecord>();
  /** Of nodes, by `portKey`: what listens in their network, and what they pass on by a host port. */
  readonly nodePorts = new AddressHistory<PodRecord>({ isShared: true });
  /** By `nameKey`: of what carries a number, such as a StatefulSet's pod, there are several in turn. */
  readonly names = new AddressHistory<PodRecord>();
  readonly knowledge = new WatchKnowledge();
  readonly owners = new OwnerChains();
  readonly #limits: PodBookLimits;
  readonly #pods = new Map<string, KeptPod>();
  readonly #onAddress: (address: string) => void;
  readonly #servicesOf: (uid: string) => readonly ServedBy[];

  /** @param onAddress a pod has this address, so its surroundings may be pods' too */
  constructor(
    limits: PodBookLimits,
    onAddress: (address: string) => void,
    servicesOf: (uid: string) => readonly ServedBy[],
  ) {
    this.#limits = limits;
    this.#onAddress = onAddress;
    this.#servicesOf = servicesOf;
  }

  /** Pods kept, ended ones too. */
  get size(): number {
    return this.#pods.size;
  }

  kept(): Iterable<KeptPod> {
    return this.#pods.values();
  }

  /** A pod's object is new or has changed. */
  present(pod: V1Pod, now: number): void {
    const before = this.#pods.get(pod.metadata?.uid ?? '');
    const span = podSpan(pod, now);
    if (before === undefined && span.to < now - this.#limits.keepMillis) return;
    const record = podRecord(pod);
    record.services = before?.record.services ?? this.#servicesOf(record.uid);
    record.owners = before?.record.owners;
    if (record.owners === undefined) this.owners.resolve(record);
    const created = millisOf(pod.metadata?.creationTimestamp) ?? now;
    const addresses = record.hostNetwork ? [] : podAddresses(pod);
    const had = before?.addresses ?? [];
    const moved = before !== undefined && (before.moved || had.some((address) => !addresses.includes(address)));
    const isNew = addresses.some((address) => !had.includes(address));
    this.#keep({
      record,
      addresses,
      ports: portKeys(pod),
      span: spanAfter(before, span, moved, moved && isNew ? now : undefined),
      moved,
      life: {
        from: created - CLOCK_SKEW_MILLIS,
        sureFrom: created + 2 * CLOCK_SKEW_MILLIS,
        sureTo: Number.POSITIVE_INFINITY,
        to: Number.POSITIVE_INFINITY,
      },
      seenAt: now,
    });
  }

  /** A pod's object is no more. `pod` is its last. */
  gone(pod: V1Pod, now: number): void {
    const { uid } = pod.metadata ?? {};
    const kept = this.#pods.get(uid ?? '');
    if (kept === undefined || kept.life.to !== Number.POSITIVE_INFINITY) return;
    // What came with the deletion may tell when its containers ended.
    this.present(pod, now);
    const last = this.#pods.get(uid ?? '');
    if (last !== undefined) this.#end(last, now, now);
  }

  /** All pods were listed: those that are not among them went meanwhile. */
  listed(uids: ReadonlySet<string>, now: number): void {
    const knownUntil = this.knowledge.listed(now);
    for (const kept of this.#pods.values())
      if (kept.life.to === Number.POSITIVE_INFINITY && !uids.has(kept.record.uid)) this.#end(kept, knownUntil, now);
  }

  /** The services that send to a pod; one that has ended keeps those that it had. */
  serve(uid: string, services: readonly ServedBy[]): void {
    const kept = this.#pods.get(uid);
    if (kept === undefined || kept.span.to !== Number.POSITIVE_INFINITY) return;
    changeRecord(kept.record, { services });
  }

  /** Forgets what ended too long ago, or is too much. Takes some milliseconds: for a timer. */
  sweep(now: number): void {
    this.owners.sweep((uid) => this.#pods.has(uid));
    const ended = [...this.#pods.values()].filter(({ life }) => life.to !== Number.POSITIVE_INFINITY);
    const excess = this.#pods.size - this.#limits.pods;
    const lastForgotten =
      excess > 0 ? ended.map(({ life }) => life.to).sort((one, other) => one - other)[excess - 1] : undefined;
    const oldest = Math.max(now - this.#limits.keepMillis, (lastForgotten ?? Number.NEGATIVE_INFINITY) + 1);
    this.knowledge.forgetBefore(oldest);
    for (const { record, life } of ended) if (life.to < oldest) this.#pods.delete(record.uid);
    for (const history of [this.addresses, this.nodePorts, this.names]) history.forgetBefore(oldest);
  }

  /** Of an earlier process, before the first list. */
  restore(pods: Iterable<KeptPod>): void {
    for (const kept of pods) this.#keep(kept);
  }

  /** Replaces what was known of the pod. What it no longer has ended between this and when it was last seen. */
  #keep(kept: KeptPod): void {
    const { record, span, seenAt } = kept;
    const before = this.#pods.get(record.uid);
    const hold = (history: AddressHistory<PodRecord>, keys: readonly string[], old: readonly string[] = []) => {
      for (const key of old) {
        const had = keys.includes(key) ? undefined : history.spanOf(key, record.uid);
        if (had === undefined) continue;
        const sureTo = Math.min(had.sureTo, (before?.seenAt ?? seenAt) - REPORT_MILLIS);
        history.set(key, record.uid, record, { ...had, sureTo, to: Math.min(had.to, seenAt + CLOCK_SKEW_MILLIS) });
      }
      for (const key of keys) history.set(key, record.uid, record, span);
    };
    hold(this.addresses, kept.addresses, before?.addresses);
    hold(this.nodePorts, kept.ports, before?.ports);
    this.names.set(nameKey(record.namespace, record.name), record.uid, record, kept.life);
    for (const address of kept.addresses) this.#onAddress(address);
    this.#pods.set(record.uid, kept);
  }

  #end(kept: KeptPod, knownUntil: number, now: number): void {
    const span = endOfGone(kept.span, knownUntil, now);
    const life = { ...kept.life, sureTo: knownUntil - CLOCK_SKEW_MILLIS, to: Math.max(now, span.to) };
    this.#keep({ ...kept, span, life });
  }
}

/** A pod's name, which another may have later. */
export function nameKey(namespace: string, name: string): string {
  return `${namespace}/${name}`;
}

/** A port at an address of a node. */
export function portKey(address: string, port: number): string {
  return `${address}|${port}`;
}

function portKeys(pod: V1Pod): readonly string[] {
  const ports = nodePortsOf(pod);
  if (ports.length === 0) return [];
  const { hostIP, hostIPs } = pod.status ?? {};
  const addresses = new Set([hostIP ?? '', ...(hostIPs ?? []).map(({ ip }) => ip)].filter((ip) => ip !== ''));
  return [...new Set([...addresses].flatMap((ip) => ports.map((port) => portKey(canonicalAddress(ip), port))))];
}

/**
 * What is known after another look at the object: the earliest certain beginning stays, for containers start again, and an
 * end that was known stays too.
 * @param movedAt when it was seen to have other addresses than before
 */
function spanAfter(before: KeptPod | undefined, seen: Span, moved: boolean, movedAt: number | undefined): Span {
  if (before === undefined) return seen;
  const { sureTo, to } = before.span.to === Number.POSITIVE_INFINITY ? seen : before.span;
  if (movedAt !== undefined)
    return { from: before.seenAt - REPORT_MILLIS, sureFrom: movedAt + CLOCK_SKEW_MILLIS, sureTo, to };
  const { from, sureFrom } = before.span;
  return moved
    ? { from, sureFrom, sureTo, to }
    : { from: Math.max(from, seen.from), sureFrom: Math.min(sureFrom, seen.sureFrom), sureTo, to };
}
