import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { searchAnswerSchema, tailBehindSchema } from '../../contract/collector-api.ts';
import type { Filter } from '../../contract/filter.ts';
import { UserError } from '../../contract/user-error.ts';
import { type Received, readLine } from '../events/received.ts';
import type { Collector } from './collector.ts';

const PAGE_EVENTS = 1_000;
/** Where the stream and what is kept overlap, and after a break, the same event may come twice. */
const REMEMBERED_IDS = 20_000;
/** The first wait after the stream broke; doubled up to a minute. */
const FIRST_RETRY_MILLIS = 1_000;
const LONGEST_RETRY_MILLIS = 60_000;

export interface TailSource {
  readonly collector: Collector;
  readonly filter: Filter;
  /** What is kept already is given first; absent: only what comes. */
  readonly history?: {
    /** Milliseconds since 1970; undefined: whatever there is. */
    readonly since: number | undefined;
    /** The last so many; undefined: all since then. */
    readonly last: number | undefined;
  };
  readonly signal: AbortSignal;
  onEvent(received: Received): Promise<void>;
  onHistoryEnd(): Promise<void>;
  say(line: string): void;
}

/**
 * Gives the events that the collector has, then those that come to it, until the signal. Where the stream breaks it is opened
 * again, and what came meanwhile is read first; what cannot be had is said.
 * @throws UserError where it is refused from the start, or for good
 */
export async function readTail(source: TailSource): Promise<void> {
  const { collector, filter, history, signal, say } = source;
  const seen = new RecentIds(REMEMBERED_IDS);
  const give = async (received: Received): Promise<void> => {
    if (seen.add(received.event.event.id)) await source.onEvent(received);
  };
  let failures = 0;
  let brokenAt: number | undefined;
  while (!signal.aborted) {
    try {
      // Opened before what is kept is read, so that nothing falls between.
      const stream = await collector.stream({ path: '/tail', body: { filter }, signal });
      if (brokenAt !== undefined) await readKept(source, { since: brokenAt, last: undefined }, give);
      else if (history !== undefined) await readKept(source, history, give);
      if (brokenAt === undefined) await source.onHistoryEnd();
      failures = 0;
      for await (const line of createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY })) {
        brokenAt = Date.now();
        await takeLine(line, give, say);
      }
    } catch (error) {
      if (signal.aborted) return;
      // At first, and where it refuses, trying again helps nobody.
      if (brokenAt === undefined || (error instanceof UserError && error.code !== 'DBA1109')) throw error;
    }
    if (signal.aborted) return;
    brokenAt ??= Date.now();
    say('! the collector’s stream broke; trying again, and reading what came meanwhile');
    const waitMillis = Math.min(LONGEST_RETRY_MILLIS, FIRST_RETRY_MILLIS * 2 ** failures++);
    await sleep(waitMillis, undefined, { signal }).catch(() => undefined);
  }
}

async function takeLine(
  line: string,
  give: (received: Received) => Promise<void>,
  say: TailSource['say'],
): Promise<void> {
  const content = readLine(line);
  switch (content.kind) {
    case 'event':
      return give(content.received);
    case 'unreadable':
      return say(`! an event is left out: ${content.problem}`);
    case 'other': {
      const behind = tailBehindSchema.safeParse(content.json).data?.behind ?? 0;
      if (behind > 0) say(`! ${behind} events not shown: they came faster than they were read (filters show fewer)`);
    }
  }
}

/** Oldest first. */
async function readKept(
  { collector, filter, signal, say }: TailSource,
  { since, last }: NonNullable<TailSource['history']>,
  give: (received: Received) => Promise<void>,
): Promise<void> {
  const range = { from: Math.max(0, Math.floor(since ?? 0)), to: Date.now() + 1 };
  const ask = (body: object) =>
    collector.ask({ path: '/search', body: { range, filter, ...body }, slow: true, signal }, searchAnswerSchema);
  const take = async (events: readonly object[]) => {
    for (const event of events) await takeLine(JSON.stringify(event), give, say);
  };
  if (last !== undefined) {
    const newest: object[] = [];
    for (let cursor: string | undefined; ; ) {
      const page = await ask({ order: 'newest', limit: Math.min(last - newest.length, PAGE_EVENTS), cursor });
      newest.push(...page.events);
      cursor = page.cursor;
      if (cursor === undefined || page.events.length === 0 || newest.length >= last) break;
    }
    await take(newest.toReversed());
    return;
  }
  for (let cursor: string | undefined; ; ) {
    const page = await ask({ order: 'oldest', limit: PAGE_EVENTS, cursor });
    await take(page.events);
    cursor = page.cursor;
    if (cursor === undefined || page.events.length === 0 || signal.aborted) return;
  }
}

/** The last so many. */
class RecentIds {
  readonly #limit: number;
  readonly #ids = new Set<string>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Whether it is new. */
  add(id: string): boolean {
    if (this.#ids.has(id)) return false;
    this.#ids.add(id);
    if (this.#ids.size > this.#limit) {
      const [oldest] = this.#ids;
      if (oldest !== undefined) this.#ids.delete(oldest);
    }
    return true;
  }
}
