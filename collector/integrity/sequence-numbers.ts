import type { AuditEvent } from '../../contract/audit-event.ts';
import { OrdinalRanges } from '../../delivery/spool/ordinal-ranges.ts';

/** A chain with more holes than this is told of as it is until then; each takes 16 bytes. */
const MAX_RANGES = 10_000;

/** The numbers that an agent gave its events, and what its own gap events say of those that never came. */
export class SequenceNumbers {
  readonly #seen = new OrdinalRanges();
  #onRecord = 0;

  add({ event, dbaudit }: AuditEvent): void {
    if (event.action === 'db.gap') this.#onRecord += dbaudit.capture.gap_events ?? 0;
    if (this.#seen.count < MAX_RANGES) this.#seen.add(event.sequence, event.sequence + 1);
  }

  /** In words; undefined where no number is missing, or gap events tell of as many. */
  problem(): string | undefined {
    let missing = 0;
    for (let index = 1; index < this.#seen.count; index++) {
      missing += this.#seen.at(index).start - this.#seen.at(index - 1).end;
    }
    if (missing <= this.#onRecord) return undefined;
    return `${missing} numbers never came, the first is ${this.#seen.at(0).end}; gap events tell of ${this.#onRecord}`;
  }
}
