import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Loss } from '../../../delivery/event-store.ts';
import { Ledger } from '../../../delivery/spool/ledger.ts';
import { temporaryDirectory } from '../../support/leftovers.ts';
import { SEED } from '../../support/seed.ts';
import {
  batchOf,
  countLost,
  eventsFrom,
  idsOf,
  openTestSpool,
  readSome,
  type TestEvent,
  takeAll,
} from '../../unit/delivery/spool/spool-events.ts';

/** `DBAUDIT_SPOOL_CORRUPTIONS=10000` is the full scale. */
const RUNS = Number(process.env.DBAUDIT_SPOOL_CORRUPTIONS ?? 300);
/** Segments of 4 KiB. */
const MAX_BYTES = 65_536;

type Files = ReadonlyMap<string, Buffer>;

/** A spool as it was left, and what has to come out of it. */
interface Left {
  readonly files: Files;
  readonly appended: ReadonlySet<number>;
  readonly pending: ReadonlySet<number>;
}

const directory = temporaryDirectory('spool-corruption');
const left: Left[] = [];
afterAll(() => directory.remove());

beforeAll(async () => {
  for (const killed of [false, true]) {
    for (const settles of ['none', 'front', 'middle'] as const) {
      for (const full of [false, true]) left.push(await leave(killed, settles, full));
    }
  }
  process.stderr.write(`${RUNS} corrupted spools, seed ${SEED}\n`);
});

/** `killed`: the files of a spool that is still open. */
async function leave(killed: boolean, settles: 'none' | 'front' | 'middle', full: boolean): Promise<Left> {
  const path = join(directory.path, 'left');
  const { spool } = await openTestSpool(path, { maxBytes: MAX_BYTES });
  const pending = new Set<number>();
  let id = 0;
  const rounds = full ? 40 : 9;
  for (let round = 0; round < rounds; round++) {
    const events: TestEvent[] = [
      ...eventsFrom(id, 1 + (round % 7), 'write', 30),
      ...eventsFrom(id + 1 + (round % 7), 9, full ? 'read' : 'error', 10 + 40 * (round % 5)),
      ...eventsFrom(id + 10 + (round % 7), 1, 'login', round % 4 === 0 ? 700 : 8),
    ];
    for (const event of events) pending.add(event.id);
    id += events.length;
    await spool.append(batchOf(events));
    if (settles === 'none' || (settles === 'middle' && round % 3 !== 1)) continue;
    const reading = await readSome(spool, settles === 'front' ? 0 : spool.next - 6, { events: 5, bytes: 1_000_000 });
    for (const settled of idsOf(reading.batch)) pending.delete(settled);
    spool.settle(reading);
  }
  // What was dropped is not to come either.
  const stored = new Set<number>();
  let files: Files;
  if (!killed) {
    await spool.close();
    files = filesIn(path);
    const again = await openTestSpool(path, { maxBytes: MAX_BYTES });
    for (const there of await takeAll(again.spool)) stored.add(there);
    await again.spool.close();
  } else {
    files = await filesOnceRecorded(path, spool.next);
    for (const there of await takeAll(spool)) stored.add(there);
    await spool.close();
  }
  rmSync(path, { recursive: true });
  for (const event of pending) if (!stored.has(event)) pending.delete(event);
  return { files, appended: new Set(Array.from({ length: id }, (_, index) => index)), pending };
}

/** Nobody waits for the ledger: only what it has can be accounted for when an end is gone. */
async function filesOnceRecorded(path: string, next: number): Promise<Files> {
  for (;;) {
    const { ledger, found } = await Ledger.open(path, 0o600, () => ({ ...UNUSED, next }));
    await ledger.close();
    if (found?.state.next === next && found.state.rewriting === undefined) return filesIn(path);
    await sleep(1);
  }
}

const UNUSED = { spool: 0, unreported: 0, clean: false, thinned: false, rewriting: undefined, done: [] };

function filesIn(path: string): Files {
  const names = readdirSync(path).filter((name) => name !== 'lock');
  return new Map(names.map((name) => [name, readFileSync(join(path, name))]));
}

type Corruption = (files: Map<string, Buffer>) => void;

const where = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const which = fc.nat({ max: 1000 });
const rubbish = fc.uint8Array({ minLength: 1, maxLength: 200 }).map((bytes) => Buffer.from(bytes));

function changing(change: (content: Buffer, at: number) => Buffer, place: number, file: number): Corruption {
  return (files) => {
    const name = [...files.keys()][file % files.size];
    const content = name === undefined ? undefined : files.get(name);
    if (name !== undefined && content !== undefined)
      files.set(name, change(content, Math.floor(place * content.length)));
  };
}

function segmentsOf(files: Files): string[] {
  return [...files.keys()].filter((name) => name.endsWith('.segment'));
}

const corruption: fc.Arbitrary<Corruption> = fc.oneof(
  fc.tuple(where, which, fc.nat({ max: 7 })).map(([place, file, bit]) =>
    changing(
      (content, at) => {
        const changed = Buffer.from(content);
        if (at < changed.length) changed[at] = (changed[at] ?? 0) ^ (1 << bit);
        return changed;
      },
      place,
      file,
    ),
  ),
  fc.tuple(where, which).map(([place, file]) => changing((content, at) => content.subarray(0, at), place, file)),
  fc
    .tuple(where, which, rubbish)
    .map(([place, file, bytes]) =>
      changing((content, at) => Buffer.concat([content.subarray(0, at), bytes, content.subarray(at)]), place, file),
    ),
  fc
    .tuple(where, which, fc.nat({ max: 3000 }))
    .map(([place, file, length]) =>
      changing((content, at) => Buffer.concat([content.subarray(0, at), content.subarray(at + length)]), place, file),
    ),
  fc
    .tuple(where, which, fc.nat({ max: 3000 }))
    .map(([place, file, length]) =>
      changing((content, at) => Buffer.from(content).fill(0, at, Math.min(content.length, at + length)), place, file),
    ),
  // A part of the file once more, somewhere in it.
  fc
    .tuple(where, where, which)
    .map(([from, place, file]) =>
      changing(
        (content, at) =>
          Buffer.concat([
            content.subarray(0, at),
            content.subarray(Math.floor(from * content.length)),
            content.subarray(at),
          ]),
        place,
        file,
      ),
    ),
  fc.tuple(which, which).map(
    ([one, other]): Corruption =>
      (files) => {
        const names = segmentsOf(files);
        const [a, b] = [names[one % names.length], names[other % names.length]];
        const [ofA, ofB] = [files.get(a ?? ''), files.get(b ?? '')];
        if (a === undefined || b === undefined || ofA === undefined || ofB === undefined) return;
        files.set(a, ofB).set(b, ofA);
      },
  ),
  which.map(
    (one): Corruption =>
      (files) => {
        const names = segmentsOf(files);
        const content = files.get(names[one % names.length] ?? '');
        if (content !== undefined) files.set(`${String(500 + (one % 3)).padStart(16, '0')}.segment`, content);
      },
  ),
  which.map(
    (one): Corruption =>
      (files) => {
        const names = [...files.keys()];
        files.delete(names[one % names.length] ?? '');
      },
  ),
  fc.tuple(which, rubbish).map(
    ([one, bytes]): Corruption =>
      (files) => {
        const names = ['ledger', 'notes.txt', '0000000000000999.segment', '0000000000000001.segment.new'];
        files.set(names[one % names.length] ?? '', bytes);
      },
  ),
);

test('whatever happened to the files of a spool: what comes out is genuine, and what does not is accounted for', async () => {
  let run = 0;
  await fc.assert(
    fc.asyncProperty(which, fc.array(corruption, { minLength: 1, maxLength: 3 }), async (index, corruptions) => {
      const before = left[index % left.length];
      if (before === undefined) throw new Error('no spools were left');
      const files = new Map(before.files);
      for (const corrupt of corruptions) corrupt(files);
      const path = join(directory.path, String(run++));
      mkdirSync(path);
      for (const [name, content] of files) writeFileSync(join(path, name), content);
      symlinkSync('/dev/zero', join(path, '0000000000000777.segment'));
      const { spool, losses } = await openTestSpool(path, { maxBytes: MAX_BYTES });
      const delivered = await takeAll(spool);
      expect(spool.pendingEvents).toBe(0);
      await spool.append(batchOf(eventsFrom(1_000_000, 3)));
      expect(await takeAll(spool)).toEqual([1_000_000, 1_000_001, 1_000_002]);
      await spool.close();
      expect(delivered.filter((id) => !before.appended.has(id))).toEqual([]);
      expect(new Set(delivered).size).toBe(delivered.length);
      checkAccount(before, files, delivered, losses);
      await checkSecondOpening(path);
      rmSync(path, { recursive: true });
    }),
    { numRuns: RUNS },
  );
});

function checkAccount(before: Left, files: Files, delivered: readonly number[], losses: readonly Loss[]): void {
  const there = new Set(delivered);
  const missing = [...before.pending].filter((id) => !there.has(id)).length;
  const told = losses.filter(({ reason }) => reason === 'spool-torn' || reason === 'spool-damaged');
  const isExact = told.every(({ detail }) => !detail.includes('at most'));
  const ledgerIsWhole = files.get('ledger') === before.files.get('ledger');
  // Without the ledger nobody can tell what was at an end that is gone.
  if (ledgerIsWhole && isExact) expect({ told: countLost(told) }).toEqual({ told: missing });
  if (ledgerIsWhole) expect(countLost(told)).toBeGreaterThanOrEqual(missing);
}

/** Everything was settled: nothing comes again, and no loss is told of twice. */
async function checkSecondOpening(path: string): Promise<void> {
  const { spool, losses } = await openTestSpool(path, { maxBytes: MAX_BYTES });
  expect(await takeAll(spool)).toEqual([]);
  expect(losses.filter(({ reason }) => reason !== 'output-full')).toEqual([]);
  await spool.close();
}
