import type { AuditEvent } from '../../../contract/audit-event.ts';
import type { Matcher } from '../../query/matcher.ts';
import type { Window } from '../rule.ts';
import { Edge, type GroupWindow } from './group-window.ts';

export type TemporalRule = Extract<Window, { kind: 'temporal' }>;

/** Of each step so many of its last events are kept, beyond what the step asks for, for those that come late. */
const LATE_EVENTS = 16;

interface Match {
  readonly micros: number;
  readonly id: string;
  /** Of this match, which steps it is one of. */
  readonly steps: readonly boolean[];
}

/**
 * All of several things, or one after the other. One after the other means: the last of `n` events of a step comes before the
 * first of those that the next step counts.
 */
export class TemporalWindow implements GroupWindow {
  newest = -1;
  readonly #rule: TemporalRule;
  readonly #matchers: readonly Matcher[];
  readonly #edge: Edge;
  readonly #timespanMicros: number;
  /** In the order of time, then of ids. */
  #matches: Match[] = [];

  constructor(rule: TemporalRule, matchers: readonly Matcher[]) {
    this.#rule = rule;
    this.#matchers = matchers;
    this.#edge = new Edge(rule.timespanSeconds);
    this.#timespanMicros = rule.timespanSeconds * 1_000_000;
  }

  add(event: AuditEvent, micros: number): number | undefined {
    const match: Match = { micros, id: event.event.id, steps: this.#matchers.map((matches) => matches(event)) };
    let at = this.#matches.length;
    while (at > 0 && isAfter(this.#matches[at - 1], match)) at -= 1;
    this.#matches.splice(at, 0, match);
    const isLate = micros < this.newest;
    this.newest = Math.max(micros, this.newest);
    const holds = this.#matches.slice(at).some((one) => this.#completes(one));
    const count = this.#matches.length;
    this.#forget();
    if (isLate && !holds) return undefined;
    return this.#edge.passes(holds, this.newest) ? count : undefined;
  }

  #completes(last: Match): boolean {
    const until = this.#matches.slice(0, this.#matches.indexOf(last) + 1);
    const begins = this.#rule.ordered ? this.#chainBegins(until) : this.#allBegin(until);
    return begins !== undefined && begins > last.micros - this.#timespanMicros;
  }

  /** The time of the earliest event that is needed, counting back from the last. */
  #allBegin(until: readonly Match[]): number | undefined {
    let begins = Number.POSITIVE_INFINITY;
    for (const [index, { atLeast = 1 }] of this.#rule.steps.entries()) {
      const own = until.filter(({ steps }) => steps[index]);
      const first = own[own.length - atLeast];
      if (first === undefined) return undefined;
      begins = Math.min(begins, first.micros);
    }
    return begins;
  }

  /** The latest time at which a chain began that the last of `until` completes. */
  #chainBegins(until: readonly Match[]): number | undefined {
    let begins: (number | undefined)[] = until.map(({ micros }) => micros);
    for (const [index, { atLeast = 1 }] of this.#rule.steps.entries()) {
      const before: (number | undefined)[] = [];
      let best: number | undefined;
      const own: (number | undefined)[] = [];
      for (const [at, match] of until.entries()) {
        before.push(best);
        if (!match.steps[index]) continue;
        own.push(begins[at]);
        const began = own[own.length - atLeast];
        if (began !== undefined) best = Math.max(best ?? began, began);
        if (index === this.#rule.steps.length - 1 && at === until.length - 1) return began;
      }
      begins = before;
    }
    return undefined;
  }

  /** Keeps what a later event may need. */
  #forget(): void {
    const oldest = this.newest - 2 * this.#timespanMicros;
    const room = this.#rule.steps.map(({ atLeast = 1 }) => atLeast + LATE_EVENTS);
    const kept: Match[] = [];
    for (const match of this.#matches.toReversed()) {
      if (match.micros < oldest) break;
      if (!match.steps.some((isOne, index) => isOne && (room[index] ?? 0) > 0)) continue;
      match.steps.forEach((isOne, index) => {
        if (isOne) room[index] = (room[index] ?? 0) - 1;
      });
      kept.push(match);
    }
    this.#matches = kept.toReversed();
  }
}

function isAfter(one: Match | undefined, other: Match): boolean {
  if (one === undefined) return false;
  return one.micros > other.micros || (one.micros === other.micros && one.id > other.id);
}
