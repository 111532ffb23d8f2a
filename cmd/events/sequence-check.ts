import type { AuditEvent } from '../../contract/audit-event.ts';

export type SequenceVerdict =
  | { readonly kind: 'next' }
  /** Read before, over an earlier connection. */
  | { readonly kind: 'repeated' }
  /** By an agent that was started anew; the one before wrote its newest event at `after`. */
  | { readonly kind: 'restarted'; readonly after: string }
  /** Events from `first` on are missing in front of this one. */
  | { readonly kind: 'after-hole'; readonly first: number; readonly missing: number };

/**
 * Follows the numbers that one agent gives its events, over all connections to its log. The agent counts from 0 at each
 * start. A lower number than the one due is a repetition, unless its event is newer than everything before: then the
 * agent was started anew. (The start itself may have been rotated out of the log, so it cannot be relied upon.)
 */
export class SequenceCheck {
  #due: number | undefined;
  #newest = '';

  next({ event, '@timestamp': at }: AuditEvent): SequenceVerdict {
    const [due, newest] = [this.#due, this.#newest];
    if (due !== undefined && event.sequence < due && at <= newest) return { kind: 'repeated' };
    this.#due = event.sequence + 1;
    if (at > newest) this.#newest = at;
    if (due === undefined || event.sequence === due) return { kind: 'next' };
    if (event.sequence < due) return { kind: 'restarted', after: newest };
    return { kind: 'after-hole', first: due, missing: event.sequence - due };
  }

  /** The number that is due; 0 before the first event. */
  get due(): number {
    return this.#due ?? 0;
  }
}
