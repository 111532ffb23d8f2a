import type { AuditEvent } from '../../../contract/audit-event.ts';
import type { Rule } from '../rule.ts';

/*
 * When a window makes a detection, in both forms of a rule. The events of a group are taken in the order of their time, then
 * of their ids. An event makes a detection if the window's condition holds with it, and either did not hold with the event
 * before it, or that event was of an earlier period; periods are the timespan, counted from 1970. So an attack is said when
 * it begins, and once in every timespan while it goes on.
 */

/**
 * Counts, sums and numbers of distinct values move in steps of a fiftieth of the timespan: the window of an event is its own
 * step and the 49 before it. However many events there are, a group keeps no more than its steps.
 */
export const STEPS = 50;

export function stepMicros(timespanSeconds: number): number {
  return (timespanSeconds * 1_000_000) / STEPS;
}

/** What a window knows of one group. */
export interface GroupWindow {
  /**
   * Takes an event of the group that matched, at most the timespan older than the newest. Undefined: no detection; else what
   * was counted. Of events in order, those make a detection that the rules above say. One that comes late is judged with
   * those after it, and makes a detection itself where one of them would have.
   */
  add(event: AuditEvent, micros: number): number | undefined;
  /** The newest event's time. */
  readonly newest: number;
}

/** Whether the condition came to hold, from event to event. */
export class Edge {
  #held = false;
  #period = -1;
  readonly #periodMicros: number;

  constructor(timespanSeconds: number) {
    this.#periodMicros = timespanSeconds * 1_000_000;
  }

  /** Whether this event makes a detection. */
  passes(holds: boolean, micros: number): boolean {
    const period = Math.floor(micros / this.#periodMicros);
    const isNew = holds && (!this.#held || period !== this.#period);
    this.#held = holds;
    this.#period = period;
    return isNew;
  }
}

export type WindowRule = Rule & { readonly window: NonNullable<Rule['window']> };

export function hasWindow(rule: Rule): rule is WindowRule {
  return rule.window !== undefined;
}
