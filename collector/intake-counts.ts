import type { AuditEvent } from '../contract/audit-event.ts';
import type { StatusAnswer } from '../contract/collector-api.ts';
import type { Observer } from './intake.ts';

/** Pods whose events were taken last; a cluster has more, but nobody reads a longer list. */
const MAX_SOURCES = 1_000;
/** The rate is that of so many seconds. */
const RATE_SECONDS = 60;
const MILLIS_PER_SECOND = 1_000;

interface Source {
  readonly name: string;
  readonly kind: string;
  events: number;
  lastAt: number;
}

/** What came in since the start, and from whom. */
export class IntakeCounts {
  readonly #sources = new Map<string, Source>();
  /** Events of the last seconds, by second modulo their number. */
  readonly #perSecond = new Float64Array(RATE_SECONDS);
  #second = 0;
  #added = 0;

  readonly observe: Observer = (events) => {
    const now = Date.now();
    this.#turnTo(Math.floor(now / MILLIS_PER_SECOND));
    this.#added += events.length;
    const slot = this.#second % RATE_SECONDS;
    this.#perSecond[slot] = (this.#perSecond[slot] ?? 0) + events.length;
    for (const event of events) this.#count(event, now);
  };

  figures(): StatusAnswer['ingest'] {
    this.#turnTo(Math.floor(Date.now() / MILLIS_PER_SECOND));
    const perSecond = this.#perSecond.reduce((sum, count) => sum + count) / RATE_SECONDS;
    return { received: this.#added, added: this.#added, repeated: 0, refused: 0, perSecond };
  }

  /** Those heard of last first. */
  sources(): StatusAnswer['sources'] {
    return [...this.#sources.values()].reverse();
  }

  #count({ kubernetes, event, dbaudit }: AuditEvent, now: number): void {
    const pod = kubernetes?.pod;
    const name = pod === undefined ? event.dataset : `${kubernetes?.namespace}/${pod.name}`;
    const source = this.#sources.get(name) ?? { name, kind: dbaudit.capture.mode, events: 0, lastAt: now };
    source.events += 1;
    source.lastAt = now;
    this.#sources.delete(name);
    this.#sources.set(name, source);
    const [oldest] = this.#sources.keys();
    if (this.#sources.size > MAX_SOURCES && oldest !== undefined) this.#sources.delete(oldest);
  }

  /** Seconds that passed without an event count nothing. */
  #turnTo(second: number): void {
    const passed = Math.min(second - this.#second, RATE_SECONDS);
    for (let step = 1; step <= passed; step++) this.#perSecond[(second - passed + step) % RATE_SECONDS] = 0;
    this.#second = Math.max(this.#second, second);
  }
}
