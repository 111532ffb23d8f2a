import { readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { checkEvent } from '../../../../collector/ingest/event-check.ts';
import { importEvents } from '../../../../collector/store/import-events.ts';
import type { AuditEvent } from '../../../../contract/audit-event.ts';
import { EVERYTHING } from '../../../../contract/filter.ts';
import { auditEvent } from '../../../support/audit-events.ts';
import { DAY, HOUR, OpenStore } from '../../../support/collector/open-store.ts';

const ALWAYS = { range: { from: 0, to: Date.parse('2100-01-01') }, filter: EVERYTHING };

let kept: OpenStore;
beforeEach(() => {
  kept = new OpenStore();
});
afterEach(() => kept.remove());

/** `count` events from `hour` of the day on, a second apart; their numbers go on from `first`. */
function eventsAt(hour: number, count: number, first = hour * 10_000): AuditEvent[] {
  return Array.from({ length: count }, (_, index) => {
    const at = new Date(DAY + hour * HOUR + index * 1_000).toISOString().replace('Z', '000000Z');
    return JSON.parse(JSON.stringify(auditEvent({ at, sequence: first + index })));
  });
}

async function exported(store = kept.store): Promise<AuditEvent[]> {
  const events: AuditEvent[] = [];
  for await (const text of store.export(ALWAYS)) {
    for (const line of text.trimEnd().split('\n')) events.push(JSON.parse(line));
  }
  return events;
}

function partitionFiles(): string[] {
  return readdirSync(join(kept.directory.path, 'partitions'));
}

test('a repeat is left out: in one batch, of one at the same time, of recent events, of events in partitions', async () => {
  const store = await kept.open();
  const [first, second, third] = [eventsAt(0, 10), eventsAt(0, 20).slice(5), eventsAt(1, 5)];
  const results = await Promise.all([store.append([...first, ...first], 'a'), store.append(second, 'b')]);
  expect(results.map(({ added, repeated }) => [added.length, repeated])).toEqual([
    [10, 10],
    [10, 5],
  ]);
  expect(results[0]?.added).toEqual(first);
  kept.now = DAY + 5 * HOUR;
  await store.keep();
  expect((await store.status()).partitions).toBe(1);
  const late = await store.append([...third, ...first, ...second], 'c');
  expect(late.added).toEqual(third);
  expect(late.repeated).toBe(25);
  expect(await exported()).toEqual([...eventsAt(0, 20), ...third]);
});

test('events of one id at another time are others: a repeat has the time of its first', async () => {
  const store = await kept.open();
  const [event] = eventsAt(0, 1, 7);
  const [other] = eventsAt(1, 1, 7);
  if (event === undefined || other === undefined) throw new Error('there are events');
  await store.append([event], 'a');
  expect((await store.append([other], 'a')).added).toHaveLength(1);
});

test('old events go to partitions by day; many small ones become one; nothing is lost or doubled', async () => {
  const store = await kept.open();
  const all: AuditEvent[] = [];
  for (let hour = 0; hour < 11; hour += 1) {
    const events = eventsAt(hour, 5);
    all.push(...events);
    await store.append(events, 'a');
    kept.now = DAY + (hour + 3.5) * HOUR;
    await store.keep();
  }
  expect(await exported()).toEqual(all);
  const before = await store.status();
  expect(before.partitions).toBeLessThanOrEqual(8);
  kept.now = DAY + 30 * HOUR;
  await store.keep();
  const after = await store.status();
  expect([after.events, after.partitions]).toEqual([all.length, 1]);
  expect(partitionFiles()).toHaveLength(1);
  expect(await exported()).toEqual(all);
});

test('retention removes what is too old, in partitions and in the table, and keeps on record that it did', async () => {
  const store = await kept.open({ retentionDays: 2 });
  await store.append(eventsAt(0, 120), 'a');
  kept.now = DAY + 26 * HOUR;
  await store.keep();
  await store.append(eventsAt(24, 10), 'a');
  await store.append(eventsAt(1, 5), 'b');
  kept.now = DAY + 50 * HOUR;
  await store.keep();
  expect(await exported()).toEqual(eventsAt(24, 10));
  expect(kept.notices).toEqual([{ kind: 'retention', message: '125 events were removed: retention' }]);
  expect(partitionFiles()).toHaveLength(1);
  expect(await store.history.retirements('a')).toMatchObject([{ first: 0, last: 119 }]);
  expect(await store.history.retirements('b')).toMatchObject([{ first: 0, last: 4 }]);
});

test('retention by bytes removes the oldest partitions, no more than it must', async () => {
  const store = await kept.open();
  for (const day of [0, 1, 2]) {
    await store.append(eventsAt(day * 24, 50), 'a');
    kept.now = DAY + (day * 24 + 30) * HOUR;
    await store.keep();
  }
  expect((await store.status()).partitions).toBe(3);
  await kept.close();
  const { bytes } = await (await kept.open()).status();
  await kept.close();
  // The least that makes one of them too many.
  const limited = await kept.open({ retentionBytes: bytes - 1_000 });
  await limited.keep();
  expect((await limited.status()).partitions).toBe(2);
  expect((await exported())[0]).toEqual(eventsAt(24, 1)[0]);
});

test('chains are sealed in their order, whatever partition events are in', async () => {
  const store = await kept.open();
  await store.append(eventsAt(0, 150), 'a');
  await store.append(eventsAt(2, 10, 50_000), 'b');
  kept.now = DAY + 4 * HOUR;
  await store.keep();
  await store.append(eventsAt(3, 30), 'a');
  await kept.close();
  const again = await kept.open();
  await again.append(eventsAt(4, 20), 'a');
  expect(await again.history.heads()).toMatchObject([
    { chain: 'a', position: 200 },
    { chain: 'b', position: 10 },
  ]);
  expect((await again.history.checkpoints('a')).map(({ position }) => position)).toEqual([150, 200]);
  const sealed = [];
  for await (const one of again.history.sealed('a', 10, new AbortController().signal)) sealed.push(one);
  expect(sealed.map(({ seal }) => seal)).toEqual(
    Array.from({ length: 190 }, (_, index) => ({ chain: 'a', position: index + 10, mark: index + 10 })),
  );
  expect(sealed.map(({ event }) => event)).toEqual([
    ...eventsAt(0, 150).slice(10),
    ...eventsAt(3, 30),
    ...eventsAt(4, 20),
  ]);
  await again.history.checkpointTails(0);
  expect((await again.history.heads()).map(({ checkpointed }) => checkpointed)).toEqual([200, 10]);
});

test('what was exported can be imported, again too, and what is no event is told by its line', async () => {
  const store = await kept.open();
  const events = [...eventsAt(0, 30), ...eventsAt(30, 30)];
  await store.append(events, 'a');
  let text = '';
  for await (const piece of store.export(ALWAYS)) text += piece;
  const other = new OpenStore();
  try {
    const into = await other.open();
    const read = (line: string) => checkEvent(JSON.parse(line));
    const bring = () =>
      importEvents(Readable.from([`{"no":"event"}\n${text}`]), read, (batch) => into.append(batch, 'import'));
    expect(await bring()).toMatchObject({ added: 60, repeated: 0, refused: [{ line: 1 }] });
    expect(await bring()).toMatchObject({ added: 0, repeated: 60 });
    expect(await exported(into)).toEqual(events);
  } finally {
    await other.remove();
  }
});

test('more than may wait is refused, and what was taken is kept', async () => {
  const store = await kept.open();
  const long = 'x'.repeat(9_000_000);
  const events = eventsAt(0, 12).map((event) => ({
    ...event,
    db: { ...event.db, system: { name: 'mysql' }, query: { text: long } },
  }));
  const results = await Promise.allSettled(events.map((event) => store.append([event], 'a')));
  const refused = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
  expect(refused.length).toBeGreaterThan(0);
  for (const error of refused) expect(error).toMatchObject({ name: 'StoreBusy', afterMillis: 1_000 });
  expect((await store.status()).events).toBe(results.length - refused.length);
});

test('a damaged store is not opened, and the error says what to do', async () => {
  const store = await kept.open();
  await store.append(eventsAt(0, 50), 'a');
  kept.now = DAY + 30 * HOUR;
  await store.keep();
  await kept.close();
  const [file = ''] = partitionFiles();
  const partition = join(kept.directory.path, 'partitions', file);
  truncateSync(partition, 100);
  await expect(kept.open()).rejects.toThrow(
    /the partition .* is damaged: restore it from a backup, or accept the loss/,
  );
  rmSync(partition);
  await expect(kept.open()).rejects.toThrow(/the partition .* is missing/);
  writeFileSync(`${partition}.lost`, '');
  await kept.open();
  expect(kept.notices).toEqual([{ kind: 'lost', message: `the events of partition ${file} are lost` }]);
  expect((await kept.store.status()).events).toBe(0);
  await kept.close();
  writeFileSync(join(kept.directory.path, 'events.duckdb'), 'no database');
  await expect(kept.open()).rejects.toThrow(/cannot be opened: restore events.duckdb/);
});
