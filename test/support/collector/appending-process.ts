/**
 * `appending-process.ts DIRECTORY FIRST`: appends events FIRST, FIRST + 1, … to a store without end, in batches of several
 * sources at once, while it moves, merges and removes old ones all the time. Prints `sent N` before events up to N are
 * appended, `kept A B` once those from A to B are acknowledged.
 */
import { writeSync } from 'node:fs';
import pino from 'pino';
import { openDuckStore } from '../../../collector/store/duckdb/duck-store.ts';
import { numberedEvent, RETENTION_DAYS, timeOfNumber } from './numbered-events.ts';
import { countingSealer } from './open-store.ts';

const BATCH = 40;
const SOURCES = 3;

const [directory = '', first = '0'] = process.argv.slice(2);
let next = Number(first);
const store = await openDuckStore({
  directory,
  memoryLimitMebibytes: 256,
  retentionDays: RETENTION_DAYS,
  recentHours: 1,
  sealer: countingSealer,
  log: pino({ level: 'silent' }),
  onNotice: () => undefined,
  now: () => timeOfNumber(next),
});
const say = (text: string) => writeSync(1, `${text}\n`);

async function appendWithoutEnd(source: number): Promise<never> {
  for (;;) {
    const from = next;
    next += BATCH;
    say(`sent ${next - 1}`);
    const events = Array.from({ length: BATCH }, (_, index) => numberedEvent(from + index));
    await store.append(events, `source-${source}`);
    say(`kept ${from} ${from + BATCH - 1}`);
  }
}

async function keepWithoutEnd(): Promise<never> {
  for (;;) {
    await store.keep();
    say('round');
  }
}

await Promise.all([keepWithoutEnd(), ...Array.from({ length: SOURCES }, (_, source) => appendWithoutEnd(source))]);
