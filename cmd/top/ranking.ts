import type { AuditEvent } from '../../contract/audit-event.ts';
import { isGap, isOfKind } from '../events/kinds.ts';
import type { KnownAddresses } from '../events/known-addresses.ts';
import { completedAt, type Received } from '../events/received.ts';
import { type Grouping, groupsOf } from './groups.ts';
import { addEvent, addTotals, type Measure, measureOf, noTotals, type Totals } from './totals.ts';

/** The window slides by a thirtieth of itself. */
const SLICES = 30;
/** Of one slice. More cannot be looked at, and each costs some hundred bytes; the rest is counted together. */
const MOST_GROUPS = 10_000;
export const OTHERS = '(others)';

/** What a window of time holds. */
export interface Ranked {
  readonly groups: readonly Totals[];
  /** Statements in the window, each once. */
  readonly statements: number;
  /** What was not seen: the numbers are too low by an unknown amount. */
  readonly gaps: number;
}

interface Slice {
  readonly groups: Map<string, Totals>;
  statements: number;
  gaps: number;
}

/** Sums up the statements of the last while by group. Memory is bounded by slices and groups, not by events. */
export class Ranking {
  readonly #grouping: Grouping;
  readonly #known: KnownAddresses;
  readonly #sliceMillis: number;
  readonly #slices = new Map<number, Slice>();

  constructor(grouping: Grouping, windowMillis: number, known: KnownAddresses) {
    this.#grouping = grouping;
    this.#known = known;
    this.#sliceMillis = Math.max(1, windowMillis / SLICES);
  }

  add(received: Received): void {
    const { event } = received;
    const gap = isGap(event);
    if (!gap && !isStatement(event)) return;
    const slice = this.#sliceAt(Date.parse(completedAt(received)));
    if (gap) {
      slice.gaps++;
      return;
    }
    slice.statements++;
    for (const { key, name } of groupsOf(event, this.#grouping, this.#known)) {
      const fits = slice.groups.has(key) || slice.groups.size < MOST_GROUPS;
      addEvent(totalsIn(slice.groups, fits ? key : OTHERS, fits ? name : OTHERS), event);
    }
  }

  /** The window that ends at `now` (milliseconds since 1970), the first by `measure` first; older events are forgotten. */
  at(now: number, measure: Measure): Ranked {
    const oldest = Math.floor(now / this.#sliceMillis) - SLICES;
    const groups = new Map<string, Totals>();
    let [statements, gaps] = [0, 0];
    for (const [number, slice] of this.#slices) {
      if (number <= oldest) {
        this.#slices.delete(number);
        continue;
      }
      statements += slice.statements;
      gaps += slice.gaps;
      for (const [key, totals] of slice.groups) addTotals(totalsIn(groups, key, totals.name), totals);
    }
    const ranked = [...groups.values()].sort(
      (a, b) => measureOf(b, measure) - measureOf(a, measure) || b.count - a.count || (a.name < b.name ? -1 : 1),
    );
    return { groups: ranked, statements, gaps };
  }

  #sliceAt(time: number): Slice {
    const number = Math.floor(time / this.#sliceMillis);
    const slice = this.#slices.get(number) ?? { groups: new Map(), statements: 0, gaps: 0 };
    this.#slices.set(number, slice);
    return slice;
  }
}

/** A statement that still runs is reported again when it has ended. */
function isStatement(event: AuditEvent): boolean {
  return isOfKind(event, 'query') && event.dbaudit.capture.notes?.includes('still-running') !== true;
}

function totalsIn(groups: Map<string, Totals>, key: string, name: string): Totals {
  const totals = groups.get(key) ?? noTotals(name);
  groups.set(key, totals);
  return totals;
}
