/** What a piece of work cost the process it ran in. */
export interface WorkCost {
  readonly events: number;
  readonly seconds: number;
  /** User and system, of all threads. */
  readonly cpuSeconds: number;
  /** Highest resident set of the whole process so far. */
  readonly maxRssMebibytes: number;
}

const MICROS_PER_SECOND = 1e6;

/** Runs from its making. */
export class Stopwatch {
  readonly #cpu = process.cpuUsage();
  readonly #started = performance.now();

  read(events: number): WorkCost {
    const { user, system } = process.cpuUsage(this.#cpu);
    return {
      events,
      seconds: (performance.now() - this.#started) / 1000,
      cpuSeconds: (user + system) / MICROS_PER_SECOND,
      maxRssMebibytes: process.resourceUsage().maxRSS / 1024,
    };
  }
}
