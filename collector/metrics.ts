import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { IngestMetrics } from './ingest/agents.ts';

/** In seconds; a page shall have its answers within one. */
const DURATION_BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const PREFIX = 'dbaudit_collector_';

/** A figure that is read when somebody asks for it. */
export interface GaugeDefinition {
  /** Without the prefix: `store_bytes`. */
  readonly name: string;
  readonly help: string;
  /** Undefined: not known. */
  read(): number | undefined;
}

/** What is counted in the collector. */
export class CollectorMetrics implements IngestMetrics {
  readonly #registry = new Registry();
  readonly #events = this.#counter('events', 'Events from agents, by what became of them.', 'fate');
  readonly #turnedAway = this.#counter('ingest_turned_away', 'Requests of agents not taken, by status.', 'status');
  readonly #answers = this.#counter('answers', 'Requests answered, by status.', 'status');
  readonly #durations = new Histogram({
    name: `${PREFIX}request_duration_seconds`,
    help: 'From the head of a request to the end of its answer, without live streams.',
    labelNames: ['route'],
    buckets: DURATION_BOUNDS,
    registers: [this.#registry],
  });

  constructor() {
    collectDefaultMetrics({ register: this.#registry });
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  took({ added, repeated, refused }: { added: number; repeated: number; refused: number }): void {
    this.#events.inc({ fate: 'added' }, added);
    this.#events.inc({ fate: 'repeated' }, repeated);
    this.#events.inc({ fate: 'refused' }, refused);
  }

  turnedAway(status: number): void {
    this.#turnedAway.inc({ status: String(status) });
  }

  /** `route`: one of few, never a path as it was asked for. */
  answered(route: string, status: number, seconds: number | undefined): void {
    this.#answers.inc({ status: String(status) });
    if (seconds !== undefined) this.#durations.observe({ route }, seconds);
  }

  /** Has these read whenever `text` is asked for. */
  watch(gauges: readonly GaugeDefinition[]): void {
    for (const { name, help, read } of gauges) {
      new Gauge({
        name: `${PREFIX}${name}`,
        help,
        registers: [this.#registry],
        collect() {
          const value = read();
          if (value === undefined) this.reset();
          else this.set(value);
        },
      });
    }
  }

  /** All of it, as a scraper reads it. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }

  #counter<Label extends string>(name: string, help: string, label: Label): Counter<Label> {
    return new Counter({ name: `${PREFIX}${name}_total`, help, labelNames: [label], registers: [this.#registry] });
  }
}
