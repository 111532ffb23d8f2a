export interface RefusalLimits {
  readonly perOrigin: number;
  readonly perMinute: number;
}

const WINDOW_MILLIS = 60_000;

/** Lets through so many refusals of one origin, and of all, in a minute; counts the others. */
export class RefusalLimit {
  readonly #limits: RefusalLimits;
  readonly #tell: (suppressed: number) => void;
  readonly #perOrigin = new Map<string, number>();
  #allowed = 0;
  #suppressed = 0;
  #window: NodeJS.Timeout | undefined;

  /** `tell` gets how many were not let through, after each minute that had any. */
  constructor(limits: RefusalLimits, tell: (suppressed: number) => void) {
    this.#limits = limits;
    this.#tell = tell;
  }

  allows(origin: string): boolean {
    this.#window ??= setTimeout(() => this.#end(), WINDOW_MILLIS).unref();
    const before = this.#perOrigin.get(origin) ?? 0;
    if (before >= this.#limits.perOrigin || this.#allowed >= this.#limits.perMinute) {
      this.#suppressed += 1;
      return false;
    }
    this.#perOrigin.set(origin, before + 1);
    this.#allowed += 1;
    return true;
  }

  /** Tells what is left to tell. */
  close(): void {
    clearTimeout(this.#window);
    this.#end();
  }

  #end(): void {
    const suppressed = this.#suppressed;
    this.#window = undefined;
    this.#perOrigin.clear();
    this.#allowed = 0;
    this.#suppressed = 0;
    if (suppressed > 0) this.#tell(suppressed);
  }
}
