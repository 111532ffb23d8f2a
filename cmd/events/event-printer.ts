import { once } from 'node:events';
import type { CommandContext } from '../context.ts';
import type { EventFormat } from './formats/format.ts';
import type { Received } from './received.ts';

/** Columns measured over so many events fit the rest. */
const SAMPLE_EVENTS = 200;

/** Prints events on standard output as one format has it; waits where the reader is slow. */
export class EventPrinter {
  readonly #stdout: CommandContext['stdout'];
  readonly #format: EventFormat;
  #headings: boolean;
  /** The first events, until there are enough to measure the columns; undefined: they are measured. */
  #sample: Received[] | undefined;

  constructor(
    stdout: CommandContext['stdout'],
    format: EventFormat,
    options: { readonly headings: boolean; readonly measure: boolean },
  ) {
    this.#stdout = stdout;
    this.#format = format;
    this.#headings = options.headings;
    this.#sample = options.measure ? [] : undefined;
  }

  async print(received: Received): Promise<void> {
    if (this.#sample === undefined) return this.#write(this.#format.lines(received));
    this.#sample.push(received);
    if (this.#sample.length >= SAMPLE_EVENTS) await this.flush();
  }

  /** Prints what was held back; from here on each event is printed at once. */
  async flush(): Promise<void> {
    const sample = this.#sample ?? [];
    this.#sample = undefined;
    this.#format.prepare(sample);
    for (const received of sample) await this.#write(this.#format.lines(received));
  }

  async #write(lines: readonly string[]): Promise<void> {
    const headings = this.#headings ? this.#format.headings() : [];
    this.#headings = false;
    const text = [...headings, ...lines].map((line) => `${line}\n`).join('');
    if (!this.#stdout.write(text)) await once(this.#stdout, 'drain');
  }
}
