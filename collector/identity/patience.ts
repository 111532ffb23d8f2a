import { setTimeout as sleep } from 'node:timers/promises';
import type { AuditEvent } from '../../contract/audit-event.ts';
import type { ClusterBook } from './cluster-book.ts';
import { capturedPod } from './enricher.ts';

/** A kubelet tells of a new pod's address within about a second of its first container, the watch some milliseconds later. */
const WAIT_MILLIS = 2_000;
const LOOK_MILLIS = 100;
/** Of older events nothing new is to be expected. */
const FRESH_MILLIS = 10_000;
/** An address that stayed unknown is not waited for again so soon. */
const IN_VAIN_MILLIS = 60_000;
/** Addresses waited for in vain; where there are more, something is amiss that waiting does not mend. */
const MAX_IN_VAIN = 1_000;

/**
 * For Intake, before events are enriched: the first statements of a new pod come before the API server tells whose its
 * address is. Waits at most 2 s, for fresh events with an address in the cluster's ranges alone, once for each address.
 */
export function createIdentityPatience(
  book: ClusterBook,
  now: () => number = Date.now,
): (events: readonly AuditEvent[]) => Promise<void> {
  const inVain = new Map<string, number>();
  const isAwaited = (event: AuditEvent, at: number, ip: string | undefined) =>
    ip !== undefined && !((inVain.get(ip) ?? 0) > now()) && book.isAwaited(ip, at, capturedPod(event));
  const awaited = (events: readonly AuditEvent[]) =>
    events.flatMap((event) => {
      const at = Date.parse(event['@timestamp']);
      if (now() - at > FRESH_MILLIS) return [];
      return [event.client?.ip, event.server?.ip].flatMap((ip) =>
        ip !== undefined && isAwaited(event, at, ip) ? [{ event, ip }] : [],
      );
    });
  return async (events) => {
    const started = now();
    for (const [ip, until] of inVain) if (until <= started) inVain.delete(ip);
    if (inVain.size >= MAX_IN_VAIN) return;
    let waiting = awaited(events);
    for (let looks = 0; waiting.length > 0 && looks * LOOK_MILLIS < WAIT_MILLIS; looks++) {
      await sleep(LOOK_MILLIS);
      waiting = awaited([...new Set(waiting.map(({ event }) => event))]);
    }
    for (const { ip } of waiting) inVain.set(ip, now() + IN_VAIN_MILLIS);
  };
}
