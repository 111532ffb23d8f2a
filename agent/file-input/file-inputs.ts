import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { wordsOf } from '../../delivery/system-error.ts';
import type { EventOutput } from '../event-output.ts';
import type { Timeline } from '../timeline.ts';
import type { HttpAccess } from './http-access.ts';
import { parseIngressNginx } from './ingress-nginx.ts';
import type { InputSettings } from './input-settings.ts';
import { LogFollower, type LogLine } from './log-follower.ts';
import { type Position, readPositions, writePositions } from './position.ts';

/** In the directory of the spool, beside the sinks' own. */
const POSITIONS_FILE = 'inputs.json';
/** How often files are looked at that had nothing new. */
const POLL_MILLIS = 250;
/** How often it is asked whether events are kept. A spool takes some milliseconds. */
const KEPT_POLL_MILLIS = 20;
/** Of each kind of trouble, one notice in so long. */
const NOTICE_MILLIS = 60_000;

export interface FileInputsOptions {
  readonly inputs: readonly InputSettings[];
  /** The spool's. */
  readonly directory: string;
  /** See LogFollower. */
  readonly host: string;
  readonly timeline: Timeline;
  readonly output: Pick<EventOutput, 'mark' | 'isKept'>;
  emit(access: HttpAccess): void;
  onNotice(message: string): void;
}

/** What became of lines since the start, by file. */
export interface InputCounts {
  readonly path: string;
  lines: number;
  notUnderstood: number;
  interruptions: number;
}

interface Input {
  readonly settings: InputSettings;
  readonly follower: LogFollower;
  readonly counts: InputCounts;
}

/**
 * Follows log files and makes an event of each line. A position is saved only when the events before it are kept, and no more
 * is read before that: what a kill interrupts is read again, with the same ids, and a log waits as long as its receiver is away.
 */
export class FileInputs {
  readonly counts: readonly InputCounts[];
  readonly #options: FileInputsOptions;
  readonly #positionsPath: string;
  readonly #noticedAt = new Map<string, number>();
  #inputs: readonly Input[] = [];
  /** Behind the last line of which an event was made, by path. */
  #read = new Map<string, Position>();
  #running: Promise<void> = Promise.resolve();

  constructor(options: FileInputsOptions) {
    this.#options = options;
    this.#positionsPath = join(options.directory, POSITIONS_FILE);
    this.counts = options.inputs.map(({ path }) => ({ path, lines: 0, notUnderstood: 0, interruptions: 0 }));
  }

  /** Reads until `signal` aborts. Whatever goes wrong is said as a notice and tried again. */
  start(signal: AbortSignal): void {
    if (this.#options.inputs.length > 0) this.#running = this.#run(signal);
  }

  /** To be called when `signal` has aborted and events go nowhere any more. `isAllKept`: those emitted were not lost. */
  async finish(isAllKept: boolean): Promise<void> {
    await this.#running;
    if (isAllKept && this.#read.size > 0) await this.#save();
    await Promise.all(this.#inputs.map(({ follower }) => follower.close()));
  }

  async #run(signal: AbortSignal): Promise<void> {
    const saved = await readPositions(this.#positionsPath).catch((error: unknown) => {
      this.#notice(`${this.#positionsPath} cannot be used (${wordsOf(error)}): logs are read from their beginning`);
      return new Map<string, Position>();
    });
    this.#inputs = this.#open(saved);
    this.#read = new Map([...saved].filter(([path]) => this.#options.inputs.some((input) => input.path === path)));
    while (!signal.aborted) {
      let lines = 0;
      let hasMoved = false;
      for (const input of this.#inputs) {
        const given = await this.#linesOf(input);
        // What comes now would not be delivered any more: it is read again after the next start.
        if (signal.aborted) return;
        this.#emit(input, given);
        const { position } = input.follower;
        if (position !== undefined && position !== this.#read.get(input.settings.path)) {
          this.#read.set(input.settings.path, position);
          hasMoved = true;
        }
        lines += given.length;
      }
      if (hasMoved && (await this.#untilKept(signal))) await this.#save();
      if (lines === 0) await sleep(POLL_MILLIS, undefined, { signal }).catch(() => undefined);
    }
  }

  #open(saved: ReadonlyMap<string, Position>): readonly Input[] {
    const { inputs, host } = this.#options;
    return inputs.map((settings, index) => {
      const { path } = settings;
      const counts = this.counts[index];
      if (counts === undefined) throw new RangeError(`no counts of ${path}`);
      const follower = new LogFollower(path, host, saved.get(path), {
        onUnreadable: () => this.#notUnderstood(counts),
        onLost: () => {
          counts.interruptions += 1;
          this.#notice(`${path} does not go on where it was read last: lines in between may be missing`);
        },
      });
      return { settings, follower, counts };
    });
  }

  async #linesOf({ settings, follower }: Input): Promise<readonly LogLine[]> {
    try {
      return await follower.read();
    } catch (error) {
      this.#notice(`${settings.path} cannot be read: ${wordsOf(error)}`);
      return [];
    }
  }

  #emit({ settings, counts }: Input, lines: readonly LogLine[]): void {
    const { timeline, emit } = this.#options;
    for (const { text, id } of lines) {
      counts.lines += 1;
      const facts = parseIngressNginx(text, settings.format);
      if (facts === undefined) {
        this.#notUnderstood(counts);
        continue;
      }
      const { endedAt, ...rest } = facts;
      emit({ kind: 'http-access', at: timeline.atMillis(endedAt), id, ...rest });
    }
  }

  /** Never with the line: nobody knows what it holds. */
  #notUnderstood(counts: InputCounts): void {
    counts.notUnderstood += 1;
    this.#notice(`${counts.path} has lines that are not of the format configured; /metrics counts them`);
  }

  /** False where it was not to be waited for. */
  async #untilKept(signal: AbortSignal): Promise<boolean> {
    const { output } = this.#options;
    const mark = output.mark();
    while (!output.isKept(mark)) {
      await sleep(KEPT_POLL_MILLIS, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return false;
    }
    return true;
  }

  async #save(): Promise<void> {
    try {
      await writePositions(this.#positionsPath, this.#read);
    } catch (error) {
      this.#notice(
        `${this.#positionsPath} cannot be written (${wordsOf(error)}): after a restart lines are read again`,
      );
    }
  }

  #notice(message: string): void {
    const now = performance.now();
    const before = this.#noticedAt.get(message);
    if (before !== undefined && now - before < NOTICE_MILLIS) return;
    this.#noticedAt.set(message, now);
    this.#options.onNotice(message);
  }
}
