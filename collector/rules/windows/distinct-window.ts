import type { AuditEvent } from '../../../contract/audit-event.ts';
import { fieldValue } from '../../../contract/event-fields.ts';
import type { Window } from '../rule.ts';
import { Edge, type GroupWindow, STEPS, stepMicros } from './group-window.ts';
import { valueText } from './moment.ts';

type DistinctRule = Extract<Window, { kind: 'distinct' }>;

/** Beyond the threshold, values only make the number that is told larger; so many more are kept for it. */
const VALUES_BEYOND = 100;

/** How many different values a field has. */
export class DistinctWindow implements GroupWindow {
  newest = -1;
  readonly #rule: DistinctRule;
  readonly #stepMicros: number;
  readonly #edge: Edge;
  /** The last step in which a value occurred; those that occurred last come last. */
  readonly #seen = new Map<string, number>();

  constructor(rule: DistinctRule) {
    this.#rule = rule;
    this.#stepMicros = stepMicros(rule.timespanSeconds);
    this.#edge = new Edge(rule.timespanSeconds);
  }

  add(event: AuditEvent, micros: number): number | undefined {
    const step = Math.floor(micros / this.#stepMicros);
    const now = Math.max(micros, this.newest);
    const last = Math.floor(now / this.#stepMicros);
    this.newest = now;
    if (step > last - STEPS) this.#put(valueText(fieldValue(event, this.#rule.field)), last);
    for (const [value, seen] of this.#seen) {
      if (seen > last - STEPS) break;
      this.#seen.delete(value);
    }
    const { size } = this.#seen;
    return this.#edge.passes(size >= this.#rule.atLeast, now) ? size : undefined;
  }

  /** One that comes late counts as of now: where it belongs is within the window all the same. */
  #put(value: string, last: number): void {
    this.#seen.delete(value);
    this.#seen.set(value, last);
    if (this.#seen.size <= this.#rule.atLeast + VALUES_BEYOND) return;
    for (const [oldest] of this.#seen) {
      this.#seen.delete(oldest);
      return;
    }
  }
}
