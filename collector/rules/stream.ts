import type { AuditEvent } from '../../contract/audit-event.ts';
import { compileMatcher, type Matcher } from '../query/matcher.ts';
import type { Detection, Rule, Window } from './rule.ts';
import { RuleIndex } from './rule-index.ts';
import { AmountWindow } from './windows/amount-window.ts';
import { DistinctWindow } from './windows/distinct-window.ts';
import type { GroupWindow } from './windows/group-window.ts';
import { groupKeyReader, groupOf, microsOf } from './windows/moment.ts';
import { TemporalWindow } from './windows/temporal-window.ts';

/**
 * Groups of one rule that are counted at a time; a group takes some hundred bytes, at most about 2 KB. The one that was quiet
 * for longest goes.
 */
const MAX_GROUPS = 2_000;
/** Events that a detection shows. */
export const SHOWN_EVENTS = 10;
/** Events kept to be shown with a detection to come, of all rules together: about 3 KB each. */
const MAX_KEPT_EVENTS = 5_000;

export interface StreamCounters {
  /** Events that came after their window had passed. */
  readonly late: number;
  /** Groups given up, while they still counted, for want of room. */
  readonly evictedGroups: number;
}

interface Group {
  readonly window: GroupWindow;
  /** The last of its events, oldest first. */
  readonly recent: AuditEvent[];
}

/** Rules over events as they come: what it finds is what collector/rules/history.ts finds in those that are kept. */
export class RuleStream {
  #states: readonly RuleState[] = [];
  #index = new RuleIndex<RuleState>([], ({ rule }) => rule);
  readonly #kept = new KeptEvents();

  constructor(rules: readonly Rule[]) {
    this.replace(rules);
  }

  /** From now on these rules; what those that stay have counted is kept. */
  replace(rules: readonly Rule[]): void {
    const before = new Map(this.#states.map((state) => [state.rule, state]));
    this.#states = rules.map((rule) => before.get(rule) ?? new RuleState(rule, this.#kept));
    this.#index = new RuleIndex(this.#states, ({ rule }) => rule);
  }

  /** Detections in the order of the events that made them. */
  see(events: readonly AuditEvent[]): Detection[] {
    const detections: Detection[] = [];
    for (const event of events) {
      for (const { subject, matches } of this.#index.candidates(event)) {
        if (!matches(event)) continue;
        const detection = subject.take(event);
        if (detection !== undefined) detections.push(detection);
      }
    }
    return detections;
  }

  counters(): StreamCounters {
    let late = 0;
    let evictedGroups = 0;
    for (const state of this.#states) {
      late += state.late;
      evictedGroups += state.evictedGroups;
    }
    return { late, evictedGroups };
  }
}

interface StepState {
  readonly matches: Matcher;
  readonly groupBy: readonly string[];
  readonly keyOf: (event: AuditEvent) => string;
}

/** One rule, and what it has counted. */
class RuleState {
  readonly rule: Rule;
  late = 0;
  evictedGroups = 0;
  readonly #kept: KeptEvents;
  /** The one that was quiet for longest comes first. */
  readonly #groups = new Map<string, Group>();
  readonly #keyOf: (event: AuditEvent) => string;
  readonly #steps: readonly StepState[];

  constructor(rule: Rule, kept: KeptEvents) {
    this.rule = rule;
    this.#kept = kept;
    this.#keyOf = groupKeyReader(rule.groupBy);
    this.#steps =
      rule.window?.kind === 'temporal'
        ? rule.window.steps.map(({ filter, groupBy = rule.groupBy }) => ({
            matches: compileMatcher(filter),
            groupBy,
            keyOf: groupKeyReader(groupBy),
          }))
        : [];
  }

  /** An event that the rule's filter lets pass. */
  take(event: AuditEvent): Detection | undefined {
    const { rule } = this;
    const step = this.#steps.find(({ matches }) => matches(event));
    const fields = step?.groupBy ?? rule.groupBy;
    if (rule.window === undefined) return this.#detection(event, fields, 1, [event]);
    const micros = microsOf(event);
    const timespan = rule.window.timespanSeconds * 1_000_000;
    const key = (step?.keyOf ?? this.#keyOf)(event);
    const group = this.#groups.get(key) ?? { window: this.#newWindow(rule.window), recent: [] };
    if (micros <= group.window.newest - timespan) {
      this.late += 1;
      return undefined;
    }
    this.#groups.delete(key);
    this.#limit(micros - timespan);
    this.#groups.set(key, group);
    this.#kept.keep(event, group.recent);
    const count = group.window.add(event, micros);
    if (count === undefined) return undefined;
    const within = group.recent.filter((one) => microsOf(one) > micros - timespan);
    return this.#detection(event, fields, count, within);
  }

  #detection(event: AuditEvent, fields: readonly string[], count: number, events: readonly AuditEvent[]): Detection {
    const { rule } = this;
    return { rule, at: event['@timestamp'], group: groupOf(event, fields, rule.groupBy), count, events };
  }

  #newWindow(window: Window): GroupWindow {
    switch (window.kind) {
      case 'count':
      case 'sum':
        return new AmountWindow(window);
      case 'distinct':
        return new DistinctWindow(window);
      case 'temporal':
        return new TemporalWindow(
          window,
          this.#steps.map(({ matches }) => matches),
        );
    }
  }

  /** Lets go of a group whose window has passed, with each event one; and of the quietest where there are too many. */
  #limit(passed: number): void {
    for (const [key, { window }] of this.#groups) {
      const isOver = window.newest >= 0 && window.newest < passed;
      if (!isOver && this.#groups.size < MAX_GROUPS) return;
      if (!isOver) this.evictedGroups += 1;
      this.#groups.delete(key);
      return;
    }
  }
}

/** Bounds the events that are kept to be shown: the oldest goes first, whatever group it is of. */
class KeptEvents {
  readonly #ring: { readonly event: AuditEvent; readonly list: AuditEvent[] }[] = [];
  #next = 0;

  /** Appends to a group's list, which keeps the last `SHOWN_EVENTS`. */
  keep(event: AuditEvent, list: AuditEvent[]): void {
    const oldest = this.#ring[this.#next];
    if (oldest !== undefined && oldest.list[0] === oldest.event) oldest.list.shift();
    this.#ring[this.#next] = { event, list };
    this.#next = (this.#next + 1) % MAX_KEPT_EVENTS;
    list.push(event);
    if (list.length > SHOWN_EVENTS) list.shift();
  }
}
