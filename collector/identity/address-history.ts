import { REPORT_MILLIS, type Span } from './span.ts';
import type { WatchKnowledge } from './watch-knowledge.ts';

/** Several may have had it. */
export interface Several {
  readonly several: number;
}

interface Holding<Holder> {
  readonly id: string;
  readonly holder: Holder;
  readonly span: Span;
  /** `span`, narrowed by what is known of the others that had the address. */
  told: Span;
  /** What is known of it and of another cannot both be. */
  contradicted: boolean;
}

/**
 * Who had which address when. An address has one holder at a time, so each one's time narrows the others'. Holders are told
 * apart by `id`. Keys are addresses, or whatever else is held by one at a time.
 */
export class AddressHistory<Holder extends object> {
  readonly #byKey = new Map<string, Holding<Holder>[]>();
  readonly #isShared: boolean;

  /** @param isShared several may have the same at a time, so that nothing about one follows from another */
  constructor({ isShared = false } = {}) {
    this.#isShared = isShared;
  }

  /** Of keys that somebody had. */
  get size(): number {
    return this.#byKey.size;
  }

  has(key: string): boolean {
    return this.#byKey.has(key);
  }

  spanOf(key: string, id: string): Span | undefined {
    return this.#byKey.get(key)?.find((holding) => holding.id === id)?.span;
  }

  /** Replaces what was known of this holder at this key. */
  set(key: string, id: string, holder: Holder, span: Span): void {
    const others = this.#byKey.get(key)?.filter((holding) => holding.id !== id) ?? [];
    const holdings = [...others, { id, holder, span, told: span, contradicted: false }];
    this.#byKey.set(key, this.#isShared ? holdings : narrowed(holdings));
  }

  /** Forgets what ended before `time`. */
  forgetBefore(time: number): void {
    for (const [key, holdings] of this.#byKey) {
      const kept = holdings.filter(({ span }) => span.to >= time);
      if (kept.length === 0) this.#byKey.delete(key);
      else if (kept.length < holdings.length) this.#byKey.set(key, kept);
    }
  }

  /**
   * Who had it: named only where nobody else can have. Undefined: nobody is known to.
   * @param now when the question is asked: of what is too fresh the end may not have been told yet
   */
  find(key: string, at: number, now: number, knowledge: WatchKnowledge): Holder | Several | undefined {
    const holdings = this.#byKey.get(key);
    if (holdings === undefined) return undefined;
    let possible: Holding<Holder> | undefined;
    let certain: Holding<Holder> | undefined;
    let certainCount = 0;
    let candidates = 0;
    // The latest first: most questions are about now.
    for (let index = holdings.length - 1; index >= 0; index--) {
      const holding = holdings[index];
      if (holding === undefined) break;
      const { from, sureFrom, sureTo, to } = holding.told;
      if (at < from || at > to) continue;
      const isCertain =
        at >= sureFrom && at <= sureTo && (sureTo !== Number.POSITIVE_INFINITY || knowledge.isCurrent(at, now));
      if (isCertain && !holding.contradicted && !this.#isShared) return holding.holder;
      candidates += 1;
      possible = holding;
      if (!isCertain) continue;
      certainCount += 1;
      certain = holding;
    }
    if (certainCount === 1 && certain !== undefined) return certain.holder;
    if (candidates > 1) return { several: candidates };
    if (possible === undefined || !knowledge.isComplete(at, now)) return undefined;
    // Who had it before is known long since; who has it next may not be known yet.
    return at <= possible.told.sureTo || now - at >= REPORT_MILLIS ? possible.holder : undefined;
  }

  /** Whether this holder may have had it. */
  mayHave(key: string, id: string, at: number): boolean {
    const span = this.#byKey.get(key)?.find((holding) => holding.id === id)?.told;
    return span !== undefined && span.from <= at && at <= span.to;
  }
}

/** In the order of their beginnings, each with what the others leave it: one ends before the next begins. */
function narrowed<Holder>(holdings: Holding<Holder>[]): Holding<Holder>[] {
  for (const holding of holdings) {
    let { from, sureTo, to } = holding.span;
    holding.contradicted = false;
    for (const { span: other } of holdings) {
      if (other === holding.span) continue;
      const isBefore = precedes(other, holding.span);
      const isAfter = precedes(holding.span, other);
      const isUndecided = isOpen(other) && isOpen(holding.span) && other.sureFrom === holding.span.sureFrom;
      if ((isBefore && isAfter) || isUndecided) holding.contradicted = true;
      else if (isBefore && !isOpen(other)) from = Math.max(from, other.sureTo);
      else if (isAfter) {
        to = Math.min(to, other.sureFrom);
        // It ended at some time up to then; since when the other may have had it, it is no longer certain.
        if (isOpen(holding.span)) sureTo = Math.min(sureTo, other.from);
      }
    }
    const { span } = holding;
    sureTo = Math.min(sureTo, to);
    const isAsItWas = from === span.from && sureTo === span.sureTo && to === span.to;
    holding.told = isAsItWas ? span : { from, sureFrom: span.sureFrom, sureTo, to };
  }
  return holdings.length < 2 ? holdings : holdings.sort((one, other) => one.span.sureFrom - other.span.sureFrom);
}

/** Whether one that had it at `sureFrom` cannot have had it after another, which still had it later. */
function precedes(one: Span, other: Span): boolean {
  const lastSure = isOpen(other) ? other.sureFrom : other.sureTo;
  return one.sureFrom < lastSure;
}

function isOpen({ sureTo }: Span): boolean {
  return sureTo === Number.POSITIVE_INFINITY;
}
