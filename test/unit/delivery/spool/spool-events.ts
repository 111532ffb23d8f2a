import { type Batch, type BatchLimits, countOf, joinLines, lineOf } from '../../../../delivery/batch.ts';
import { classNumber, DROP_ORDER, type EventClass } from '../../../../delivery/event-class.ts';
import { eventIdOf } from '../../../../delivery/event-id.ts';
import type { EventStore, Loss, Reading } from '../../../../delivery/event-store.ts';
import { openSpool } from '../../../../delivery/spool/spool.ts';
import type { Spool, SpoolOptions } from '../../../../delivery/spool/spool-store.ts';

export interface TestEvent {
  readonly id: number;
  readonly eventClass: EventClass;
  /** Of the text beside the id. */
  readonly bytes: number;
}

export function eventsFrom(first: number, count: number, eventClass: EventClass = 'write', bytes = 40): TestEvent[] {
  return Array.from({ length: count }, (_, index) => ({ id: first + index, eventClass, bytes }));
}

export function batchOf(events: readonly TestEvent[]): Batch {
  return joinLines(
    events.map(({ id, eventClass, bytes }) => ({
      line: Buffer.from(`{"event":{"id":"s-${id}","kind":"${eventClass}"},"text":"${'ä'.repeat(bytes / 2)}"}\n`),
      classNumber: classNumber(eventClass),
    })),
  );
}

/** The numbers of a batch's events; NaN for a line that is none of ours. */
export function idsOf(batch: Batch): number[] {
  return Array.from({ length: countOf(batch) }, (_, index) => Number(eventIdOf(lineOf(batch, index))?.slice(2)));
}

export interface OpenSpool {
  readonly spool: Spool;
  /** Those found when it was opened, and those since. */
  readonly losses: Loss[];
  readonly notices: string[];
}

export async function openTestSpool(directory: string, options: Partial<SpoolOptions> = {}): Promise<OpenSpool> {
  const losses: Loss[] = [];
  const notices: string[] = [];
  const opened = await openSpool({
    directory,
    maxBytes: 1_048_576,
    dropOrder: DROP_ORDER,
    fsync: 'never',
    fsyncMillis: 1000,
    onLoss: (loss) => losses.push(loss),
    onNotice: (message) => notices.push(message),
    ...options,
  });
  losses.unshift(...opened.losses);
  return { spool: opened.spool, losses, notices };
}

export const ANY: BatchLimits = { events: 1000, bytes: 1_000_000 };

/** Reads and settles everything. */
export async function takeAll(store: EventStore, limits = ANY): Promise<number[]> {
  const ids: number[] = [];
  for (let reading = await store.read(0, limits); reading !== undefined; reading = await store.read(0, limits)) {
    ids.push(...idsOf(reading.batch));
    store.settle(reading);
  }
  return ids;
}

/** The next reading of a store that has one. */
export async function readSome(store: EventStore, from = 0, limits = ANY): Promise<Reading> {
  const reading = await store.read(from, limits);
  if (reading === undefined) throw new Error('nothing to read');
  return reading;
}

export function countLost(losses: readonly Loss[]): number {
  return losses.reduce((sum, { count }) => sum + count, 0);
}
