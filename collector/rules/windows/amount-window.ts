import type { AuditEvent } from '../../../contract/audit-event.ts';
import { fieldValue } from '../../../contract/event-fields.ts';
import type { Window } from '../rule.ts';
import { Edge, type GroupWindow, STEPS, stepMicros } from './group-window.ts';

type AmountRule = Extract<Window, { kind: 'count' | 'sum' }>;

/** How many events, or what they add up to. Sums beyond 2^53 are not exact, which no threshold is near. */
export class AmountWindow implements GroupWindow {
  newest = -1;
  readonly #rule: AmountRule;
  readonly #stepMicros: number;
  readonly #edge: Edge;
  /** Steps with something in them, in order, and how much; those of the last two timespans, so that one may be late. */
  readonly #steps: number[] = [];
  readonly #amounts: number[] = [];

  constructor(rule: AmountRule) {
    this.#rule = rule;
    this.#stepMicros = stepMicros(rule.timespanSeconds);
    this.#edge = new Edge(rule.timespanSeconds);
  }

  add(event: AuditEvent, micros: number): number | undefined {
    const step = Math.floor(micros / this.#stepMicros);
    this.#put(step, this.#amountOf(event));
    if (micros < this.newest) return this.#addedLate(step);
    this.newest = micros;
    this.#forget(step - 2 * STEPS);
    const amount = this.#amountUntil(step);
    return this.#edge.passes(amount >= this.#rule.atLeast, micros) ? amount : undefined;
  }

  #amountOf(event: AuditEvent): number {
    if (this.#rule.kind === 'count') return 1;
    const value = fieldValue(event, this.#rule.field);
    return typeof value === 'number' ? value : 0;
  }

  #put(step: number, amount: number): void {
    let at = this.#steps.length;
    while (at > 0 && (this.#steps[at - 1] ?? 0) > step) at -= 1;
    if (this.#steps[at - 1] === step) this.#amounts[at - 1] = (this.#amounts[at - 1] ?? 0) + amount;
    else {
      this.#steps.splice(at, 0, step);
      this.#amounts.splice(at, 0, amount);
    }
  }

  /** It may complete its own window, or one of those after it that it is still in. */
  #addedLate(step: number): number | undefined {
    let most = 0;
    for (const end of this.#steps) {
      if (end >= step && end < step + STEPS) most = Math.max(most, this.#amountUntil(end));
    }
    return most >= this.#rule.atLeast && this.#edge.passes(true, this.newest) ? most : undefined;
  }

  #amountUntil(step: number): number {
    let amount = 0;
    for (let at = this.#steps.length - 1; at >= 0; at--) {
      const one = this.#steps[at] ?? 0;
      if (one <= step - STEPS) break;
      if (one <= step) amount += this.#amounts[at] ?? 0;
    }
    return amount;
  }

  #forget(step: number): void {
    let old = 0;
    while ((this.#steps[old] ?? step) < step) old += 1;
    if (old === 0) return;
    this.#steps.splice(0, old);
    this.#amounts.splice(0, old);
  }
}
