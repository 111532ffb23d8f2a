import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import type { Loss } from '../../../delivery/event-store.ts';
import { endWithUs, temporaryDirectory } from '../../support/leftovers.ts';
import { SEED } from '../../support/seed.ts';
import { batchOf, countLost, eventsFrom, openTestSpool, takeAll } from '../../unit/delivery/spool/spool-events.ts';

/** `DBAUDIT_SPOOL_KILLS=100` is the full scale. */
const KILLS = Number(process.env.DBAUDIT_SPOOL_KILLS ?? 12);
const LONGEST_LIFE_MILLIS = 150;
/** Long enough for some rounds of dropping. */
const LONGEST_FILLING_MILLIS = 400;
/** Far more than is appended in a life. */
const MEBIBYTES = 64;
/** Less than that: most lives end amid dropping. */
const FEW_MEBIBYTES = 1;
/** Uneven and the same for each seed. */
let state = SEED;
function random(): number {
  state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
  return state / 2 ** 31;
}

interface Life {
  readonly acknowledged: readonly number[];
  /** They may be gone, and need not be. */
  readonly settled: ReadonlySet<number>;
  /** How often it said that it had dropped events. */
  readonly dropped: number;
}

/** Runs an appender and kills it so many milliseconds after its first append. */
async function live(directory: string, mode: 'settle' | 'fill', mebibytes: number, millis: number): Promise<Life> {
  const program = join(import.meta.dirname, 'spool', 'appender.ts');
  const child = spawn(process.execPath, [program, directory, mode, String(mebibytes)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  endWithUs(child);
  const exited = new Promise((resolve) => child.once('exit', resolve));
  const acknowledged: number[] = [];
  const settled = new Set<number>();
  let dropped = 0;
  let killing: Promise<void> | undefined;
  for await (const line of createInterface({ input: child.stdout })) {
    killing ??= sleep(millis).then(() => void child.kill('SIGKILL'));
    const [kind, ...numbers] = line.split(' ');
    if (kind === 's') for (const id of numbers) settled.add(Number(id));
    if (kind === 'loss') dropped += 1;
    const [from = 0, end = 0] = numbers.map(Number);
    if (kind === 'a') for (let id = from; id < end; id++) acknowledged.push(id);
  }
  await killing;
  await exited;
  return { acknowledged, settled, dropped };
}

test('whenever an agent is killed, its spool has everything that it acknowledged', async () => {
  const made = temporaryDirectory('spool-kill');
  let [torn, events] = [0, 0];
  process.stderr.write(`${KILLS} kills, seed ${SEED}\n`);
  for (let kill = 0; kill < KILLS; kill++) {
    const { acknowledged, settled } = await live(made.path, 'settle', MEBIBYTES, random() * LONGEST_LIFE_MILLIS);
    const { spool, losses } = await openTestSpool(made.path, { maxBytes: MEBIBYTES * 1_048_576 });
    const ids = await takeAll(spool);
    await spool.close();
    const there = new Set(ids);
    expect(there.size).toBe(ids.length);
    expect(acknowledged.filter((id) => !there.has(id) && !settled.has(id))).toEqual([]);
    expect(ids.filter(Number.isNaN)).toEqual([]);
    expect(losses.filter(({ reason }) => reason !== 'spool-torn')).toMatchObject([
      { reason: 'agent-killed', count: 0 },
    ]);
    // The batch that was being written is there as far as it goes, and the rest of it is told of.
    const beyond = ids.filter((id) => id >= acknowledged.length).length;
    const batch = 1 + (acknowledged.length % 800);
    const tornNow = countTorn(losses);
    if (tornNow > 0) expect(beyond + tornNow).toBe(batch);
    else expect([0, batch]).toContain(beyond);
    torn += tornNow > 0 ? 1 : 0;
    events += acknowledged.length;
  }
  process.stderr.write(`${KILLS} kills: ${events} events acknowledged, none lost; the end was torn ${torn} times\n`);
  made.remove();
});

test('whenever an agent is killed while it drops events, each of them is there or counted', async () => {
  const made = temporaryDirectory('spool-kill');
  let drops = 0;
  for (let kill = 0; kill < KILLS; kill++) {
    const { acknowledged, dropped } = await live(made.path, 'fill', FEW_MEBIBYTES, random() * LONGEST_FILLING_MILLIS);
    const { spool, losses } = await openTestSpool(made.path, { maxBytes: FEW_MEBIBYTES * 1_048_576 });
    const ids = await takeAll(spool);
    // An event that tells of the drops, so that the next life begins with none.
    await spool.append(batchOf(eventsFrom(0, 1, 'gap')));
    await takeAll(spool);
    await spool.close();
    expect(new Set(ids).size).toBe(ids.length);
    expect(losses.filter(({ reason }) => reason === 'spool-damaged')).toEqual([]);
    const accounted = ids.length + countLost(losses);
    expect(accounted).toBeGreaterThanOrEqual(acknowledged.length);
    expect(accounted).toBeLessThanOrEqual(acknowledged.length + 1 + (acknowledged.length % 800));
    drops += dropped;
  }
  process.stderr.write(`${KILLS} kills while events were dropped ${drops} times: every event is there or counted\n`);
  made.remove();
});

function countTorn(losses: readonly Loss[]): number {
  return losses.filter(({ reason }) => reason === 'spool-torn').reduce((sum, { count }) => sum + count, 0);
}
