import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** In seconds; the promise is 10 ms in 99 of 100 cases, the API server gives up after 3 s. */
const DURATION_BOUNDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 3];
const MILLIS_PER_SECOND = 1_000;

/** How a request ended. `unchanged`: the pod had its agent already, or the request was about something else. */
export type Outcome = 'injected' | 'skipped' | 'unchanged' | 'failed' | 'malformed';

/** Figures that are read when somebody asks for them. */
export interface Gauges {
  ready(): boolean;
  settingsValid(): boolean;
  mirroredNamespaces(): number;
  /** In milliseconds since 1970; undefined until there is a certificate. */
  leafExpiry(): number | undefined;
  authorityExpiry(): number | undefined;
}

/** What is counted on the way of a request. */
export class InjectorMetrics {
  readonly #registry = new Registry();
  readonly #outcomes = this.#counter('requests', 'Admission requests answered, by outcome.', 'outcome');
  readonly #skipped = this.#counter('skipped', 'Pods let through without agent, by code.', 'code');
  readonly #events = this.#counter('events', 'Events for owners of pods, by what became of them.', 'fate');
  readonly #durations = new Histogram({
    name: 'dbaudit_injector_request_duration_seconds',
    help: 'From the whole request read to its answer.',
    buckets: DURATION_BOUNDS,
    registers: [this.#registry],
  });

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** `code` where the pod has no agent. */
  answered(outcome: Outcome, code: string | undefined): void {
    this.#outcomes.inc({ outcome });
    if (code !== undefined) this.#skipped.inc({ code });
  }

  /** Does the work and counts its time. */
  async timed<Result>(work: () => Promise<Result>): Promise<Result> {
    const stop = this.#durations.startTimer();
    try {
      return await work();
    } finally {
      stop();
    }
  }

  event(fate: 'created' | 'suppressed' | 'failed'): void {
    this.#events.inc({ fate });
  }

  /** Has these read whenever `text` is asked for; called once. */
  watch(gauges: Gauges): void {
    this.#gauge('ready', 'Whether requests are answered with all that is needed.', () => Number(gauges.ready()));
    this.#gauge('settings_valid', 'Whether the injection settings in the cluster are in force.', () =>
      Number(gauges.settingsValid()),
    );
    this.#gauge('mirrored_namespaces', 'Namespaces that hold a copy of the agents’ configuration.', () =>
      gauges.mirroredNamespaces(),
    );
    this.#expiry('leaf', () => gauges.leafExpiry());
    this.#expiry('authority', () => gauges.authorityExpiry());
    collectDefaultMetrics({ register: this.#registry });
  }

  /** All of it, as a scraper reads it. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }

  #counter<Label extends string>(name: string, help: string, label: Label): Counter<Label> {
    return new Counter({
      name: `dbaudit_injector_${name}_total`,
      help,
      labelNames: [label],
      registers: [this.#registry],
    });
  }

  #gauge(name: string, help: string, read: () => number): void {
    new Gauge({
      name: `dbaudit_injector_${name}`,
      help,
      registers: [this.#registry],
      collect() {
        this.set(read());
      },
    });
  }

  /** 0 until there is a certificate. */
  #expiry(certificate: 'leaf' | 'authority', millis: () => number | undefined): void {
    const help = `When the ${certificate} certificate ends, in seconds since 1970; 0 where there is none.`;
    this.#gauge(`${certificate}_expiry_timestamp_seconds`, help, () => (millis() ?? 0) / MILLIS_PER_SECOND);
  }
}
