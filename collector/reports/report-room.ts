import { randomBytes } from 'node:crypto';
import type { Logger } from 'pino';
import type * as z from 'zod';
import type { reportRequestSchema, reportSchema } from '../../contract/collector-api.ts';
import { wordsOf } from '../../delivery/system-error.ts';
import type { Scope } from '../access/scope.ts';
import { localTime } from '../alerts/local-time.ts';
import type { AlertDesk, ReportFormat, ReportRoom, RuleBook, Verifier } from '../api/services.ts';
import type { RuleLists } from '../rules/lists.ts';
import type { EventStore, TimeRange } from '../store/event-store.ts';
import { QueryProblem, StoreBusy } from '../store/failure.ts';
import type { Language, ReportDocument } from './document.ts';
import { KeptReports, type ReportHeader } from './kept-reports.ts';
import type { ReportTask } from './kind.ts';
import { REPORT_KINDS } from './kinds/index.ts';
import { Formats } from './render/formats.ts';
import { renderReport } from './render/index.ts';
import { deliver } from './schedule/deliver.ts';
import { Scheduler } from './schedule/scheduler.ts';
import type { ReportSettings } from './settings.ts';
import { ReportSource } from './source.ts';
import { reportTexts } from './texts/index.ts';

/** Each takes seconds of the store's time, and they are made one after the other. */
const MAX_WAITING = 10;
/** Longer than any number of questions that the store answers in time. */
const MAKE_MILLIS = 15 * 60_000;
/** A report waits no longer for the verification of all that is kept; the command has no such limit. */
const VERIFY_MILLIS = 120_000;
const TICK_MILLIS = 30_000;
const MAX_ALERTS = 1_000;
const ROWS = 20;

export interface ReportRoomOptions {
  /** Where reports and the state of schedules are kept; made where it is not there. */
  readonly directory: string;
  readonly store: EventStore;
  readonly settings: ReportSettings;
  readonly alerts?: Pick<AlertDesk, 'list'>;
  readonly rules?: Pick<RuleBook, 'list'>;
  /** The lists that rules name: sensitive tables, pods and secrets of databases. */
  readonly lists?: RuleLists;
  readonly verifier?: Verifier;
  /** How long events are kept, as it is configured. */
  readonly retentionDays?: number;
  readonly cluster?: string;
  readonly log: Logger;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

export type OpenReportRoom = ReportRoom & {
  /** Makes and delivers what is due now; it also happens by itself. */
  tick(): Promise<void>;
  /** What is being made is given up. */
  close(): Promise<void>;
};

interface Order {
  readonly kind: string;
  readonly range: TimeRange;
  readonly language: Language;
  readonly timeZone?: string | undefined;
  readonly who: string;
  readonly scope: Scope;
}

export function openReportRoom(options: ReportRoomOptions): OpenReportRoom {
  return new Room(options);
}

class Room implements OpenReportRoom {
  readonly #options: ReportRoomOptions;
  readonly #now: () => number;
  readonly #kept: KeptReports;
  readonly #scheduler: Scheduler;
  readonly #closing = new AbortController();
  readonly #timer: NodeJS.Timeout | undefined;
  /** The end of the queue. */
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  constructor(options: ReportRoomOptions) {
    const { directory, settings, log, now = Date.now } = options;
    const { keepDays, maxReports, schedules } = settings;
    this.#options = options;
    this.#now = now;
    this.#kept = new KeptReports({ directory, keepDays, maxReports, now, log });
    this.#scheduler = new Scheduler({
      settings,
      directory,
      now,
      log,
      make: async (schedule, { range }) => {
        const scope: Scope = { namespaces: schedule.namespaces ?? 'all', literals: false };
        const { id } = await this.#make({ ...schedule, range, scope, who: `schedule ${schedule.name}` });
        return id;
      },
      deliver: async (id, schedule) => {
        const document = await this.#kept.read(id);
        if (document === undefined) throw new Error(`report ${id} is no longer kept`);
        const words = await deliver(document, schedule, settings.mail, this.#closing.signal);
        if (words !== undefined)
          log.warn({ schedule: schedule.name, words }, 'a scheduled report did not reach everybody');
      },
    });
    if (schedules.length === 0) return;
    this.#timer = setInterval(() => void this.tick(), TICK_MILLIS);
    void this.tick();
  }

  list(scope: Scope): ReturnType<ReportRoom['list']> {
    const kinds = REPORT_KINDS.map(({ kind }) => {
      const { title, description } = reportTexts('en').kinds[kind];
      return { kind, title, description };
    });
    return {
      kinds,
      reports: this.#kept
        .list()
        .filter((header) => isVisible(header, scope))
        .map(listed),
    };
  }

  async make(
    request: z.infer<typeof reportRequestSchema>,
    who: string,
    scope: Scope,
  ): Promise<z.infer<typeof reportSchema>> {
    return listed(await this.#make({ ...request, who, scope }));
  }

  async read(id: string, format: ReportFormat, scope: Scope): Promise<Buffer | undefined> {
    const header = this.#kept.header(id);
    if (header === undefined || !isVisible(header, scope)) return undefined;
    const document = await this.#kept.read(id);
    return document === undefined ? undefined : renderReport(document, format);
  }

  tick(): Promise<void> {
    return this.#scheduler
      .tick()
      .catch((error: unknown) => this.#options.log.error({ error: wordsOf(error) }, 'scheduled reports'));
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#closing.abort(new StoreBusy('the collector is ending'));
    await this.#last.catch(() => undefined);
    await this.#scheduler.settled();
  }

  /** In its turn. */
  async #make(order: Order): Promise<ReportDocument> {
    if (this.#waiting >= MAX_WAITING) throw new StoreBusy('too many reports are being made', 10_000);
    this.#waiting += 1;
    const before = this.#last;
    const made = (async () => {
      await before.catch(() => undefined);
      const document = await this.#build(order);
      this.#kept.keep(document);
      return document;
    })();
    this.#last = made;
    try {
      return await made;
    } finally {
      this.#waiting -= 1;
    }
  }

  async #build({ kind: name, range, language, timeZone, who, scope }: Order): Promise<ReportDocument> {
    const { store, settings, cluster, log } = this.#options;
    const kind = REPORT_KINDS.find((one) => one.kind === name);
    if (kind === undefined) {
      throw new QueryProblem(`there is no report ${name}; there are ${REPORT_KINDS.map((one) => one.kind).join(', ')}`);
    }
    const startedAt = performance.now();
    const signal = AbortSignal.any([this.#closing.signal, AbortSignal.timeout(MAKE_MILLIS)]);
    const texts = reportTexts(language);
    const zone = timeZone ?? settings.timeZone;
    const source = await ReportSource.open(store, scope, range, signal);
    const sections = await kind.build(this.#task(source, new Formats(language, zone), language, signal));
    const madeAt = this.#now();
    const day = localTime(range.from, zone).date.replaceAll('-', '');
    log.info({ kind: name, millis: Math.round(performance.now() - startedAt) }, 'a report was made');
    return {
      id: `${name}-${day}-${randomBytes(6).toString('hex')}`,
      kind: name,
      title: texts.kinds[kind.kind].title,
      description: texts.kinds[kind.kind].description,
      language,
      timeZone: zone,
      range,
      madeAt,
      by: who,
      ...(cluster === undefined ? {} : { cluster }),
      namespaces: scope.namespaces === 'all' ? 'all' : [...scope.namespaces],
      hasBefore: source.before !== undefined,
      sections: [...sections],
    };
  }

  #task(source: ReportSource, formats: Formats, language: Language, signal: AbortSignal): ReportTask {
    const { store, settings, alerts, rules, verifier, lists, retentionDays } = this.#options;
    const { range, scope } = source;
    const seesAll = scope.namespaces === 'all';
    return {
      source,
      texts: reportTexts(language),
      formats,
      alerts:
        alerts &&
        (() => {
          const found = alerts.list(
            { states: ['firing', 'acknowledged', 'resolved'], range, limit: MAX_ALERTS },
            scope,
          );
          return { alerts: found.alerts, more: found.total - found.alerts.length };
        }),
      rules: rules && (() => rules.list()),
      verify: seesAll && verifier !== undefined ? () => verified(verifier, signal) : undefined,
      status: seesAll ? () => store.status() : undefined,
      retentionDays,
      list: (name) => lists?.values(name) ?? [],
      privilegedAccounts: settings.privilegedAccounts,
      now: this.#now(),
      rows: ROWS,
    };
  }
}

/** Undefined: it takes too long. */
async function verified(verifier: Verifier, signal: AbortSignal) {
  const limit = AbortSignal.timeout(VERIFY_MILLIS);
  try {
    return await verifier.verify({}, AbortSignal.any([signal, limit]));
  } catch (error) {
    if (signal.aborted || !limit.aborted) throw error;
    return undefined;
  }
}

/** Whoever sees every namespace that the report is of. None holds literals. */
function isVisible({ namespaces }: ReportHeader, scope: Scope): boolean {
  if (scope.namespaces === 'all') return true;
  const seen = scope.namespaces;
  return namespaces !== 'all' && namespaces.every((name) => seen.includes(name));
}

function listed({ id, kind, title, range, language, madeAt, by }: ReportHeader): z.infer<typeof reportSchema> {
  return { id, kind, title, range, language, madeAt, by };
}
