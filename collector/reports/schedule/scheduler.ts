import { join } from 'node:path';
import type { Logger } from 'pino';
import * as z from 'zod';
import { wordsOf } from '../../../delivery/system-error.ts';
import { readIfThere, replaceFile } from '../../rules/rule-files.ts';
import type { ReportSettings, Schedule } from '../settings.ts';
import { lastRun, type Run } from './due.ts';

const FILE = 'schedules.json';
const MINUTE_MILLIS = 60_000;
/** Between attempts: as many minutes as there were attempts, an hour at most; until the next run is due. */
const MAX_PAUSE_MINUTES = 60;

const stateSchema = z.record(
  z.string(),
  z.object({
    /** Of the last run; milliseconds since 1970. */
    at: z.number(),
    state: z.enum(['waiting', 'made', 'done']),
    /** Of what was made, so that only its delivery is tried again. */
    report: z.string().optional(),
    attempts: z.number(),
    nextAt: z.number(),
  }),
);
type State = z.infer<typeof stateSchema>;

export interface SchedulerOptions {
  readonly settings: ReportSettings;
  readonly directory: string;
  readonly now: () => number;
  readonly log: Logger;
  /** Gives the report's id. */
  readonly make: (schedule: Schedule, run: Run) => Promise<string>;
  readonly deliver: (report: string, schedule: Schedule) => Promise<void>;
}

/**
 * Makes what is due. A run that was missed, for the collector was down, is made up, the last one of each schedule alone. A new
 * schedule begins with its next run. What has begun is known after a restart: no report is made twice, and one may be
 * delivered twice where the collector ended in the middle of it.
 */
export class Scheduler {
  readonly #options: SchedulerOptions;
  readonly #path: string;
  #state: State;
  #running: Promise<void> | undefined;

  constructor(options: SchedulerOptions) {
    this.#options = options;
    this.#path = join(options.directory, FILE);
    this.#state = this.#read();
    const { schedules } = options.settings;
    for (const schedule of schedules) {
      this.#state[schedule.name] ??= { at: this.#lastRun(schedule).at, state: 'done', attempts: 0, nextAt: 0 };
    }
    const names = new Set(schedules.map(({ name }) => name));
    this.#state = Object.fromEntries(Object.entries(this.#state).filter(([name]) => names.has(name)));
    if (schedules.length > 0) this.#write();
  }

  /** Settles when all is done that was due; one at a time, whoever asks. */
  tick(): Promise<void> {
    this.#running ??= this.#tick().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  /** When what is under way has ended. */
  async settled(): Promise<void> {
    await this.#running?.catch(() => undefined);
  }

  async #tick(): Promise<void> {
    for (const schedule of this.#options.settings.schedules) {
      const run = this.#lastRun(schedule);
      const before = this.#state[schedule.name];
      // A schedule whose time of day was put back has no older run to make up.
      if (before === undefined || run.at > before.at)
        this.#note(schedule, { at: run.at, state: 'waiting', attempts: 0, nextAt: 0 });
      const one = this.#state[schedule.name];
      if (one !== undefined && one.state !== 'done' && one.nextAt <= this.#options.now())
        await this.#run(schedule, run);
    }
  }

  async #run(schedule: Schedule, run: Run): Promise<void> {
    const { log, make, deliver, now } = this.#options;
    const begun = this.#state[schedule.name];
    if (begun === undefined) return;
    try {
      let { report } = begun;
      if (begun.state === 'waiting' || report === undefined) {
        report = await make(schedule, run);
        this.#note(schedule, { ...begun, state: 'made', report });
      }
      await deliver(report, schedule);
      this.#note(schedule, { at: begun.at, state: 'done', report, attempts: begun.attempts, nextAt: 0 });
    } catch (error) {
      const attempts = begun.attempts + 1;
      const minutes = Math.min(attempts, MAX_PAUSE_MINUTES);
      log.warn({ schedule: schedule.name, attempts, error: wordsOf(error) }, 'a scheduled report is not delivered');
      this.#note(schedule, {
        ...(this.#state[schedule.name] ?? begun),
        attempts,
        nextAt: now() + minutes * MINUTE_MILLIS,
      });
    }
  }

  #lastRun(schedule: Schedule): Run {
    const { settings, now } = this.#options;
    return lastRun(schedule, schedule.timeZone ?? settings.timeZone, now());
  }

  #note({ name }: Schedule, state: State[string]): void {
    this.#state = { ...this.#state, [name]: state };
    this.#write();
  }

  #read(): State {
    const text = readIfThere(this.#path);
    if (text === undefined) return {};
    try {
      return stateSchema.parse(JSON.parse(text));
    } catch (error) {
      this.#options.log.warn(
        { error: wordsOf(error) },
        'which reports were made last is not known: schedules begin anew',
      );
      return {};
    }
  }

  #write(): void {
    replaceFile(this.#path, `${JSON.stringify(this.#state, undefined, 2)}\n`);
  }
}
