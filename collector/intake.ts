import type { AuditEvent } from '../contract/audit-event.ts';
import type { AppendResult, EventStore } from './store/event-store.ts';

/** Adds to an event what the collector knows: who has its addresses, its text without literals, when it came. */
export type CollectorEnricher = (event: AuditEvent) => AuditEvent;

/** Sees each event once, after it is durable: rules, the live tail, counters. Never throws, never waits. */
export type Observer = (events: readonly AuditEvent[]) => void;

export interface IntakeParts {
  /** Waits a moment, where that makes more known of events than is now. Never rejects. */
  readonly patience?: (events: readonly AuditEvent[]) => Promise<void>;
  readonly enrichers: readonly CollectorEnricher[];
  readonly store: Pick<EventStore, 'append'>;
  readonly observers: readonly Observer[];
}

/** The whole way of events through the collector, whatever source they are from. */
export class Intake {
  readonly #parts: IntakeParts;

  constructor(parts: IntakeParts) {
    this.#parts = parts;
  }

  /**
   * Settles once the events are durable, so that their source may forget them. `chain` names the source whose order is kept.
   * @throws StoreBusy when the source shall try again
   */
  async take(events: readonly AuditEvent[], chain: string): Promise<AppendResult> {
    const { patience, enrichers, store, observers } = this.#parts;
    await patience?.(events);
    const enriched = events.map((event) => enrichers.reduce((known, enrich) => enrich(known), event));
    const result = await store.append(enriched, chain);
    for (const observe of observers) observe(result.added);
    return result;
  }
}
