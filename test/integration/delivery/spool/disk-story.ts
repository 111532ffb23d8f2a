import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Spool } from '../../../../delivery/spool/spool-store.ts';
import { batchOf, eventsFrom, openTestSpool, takeAll } from '../../../unit/delivery/spool/spool-events.ts';

/*
 * What a spool says while its disk fails, as one line of JSON: `node disk-story.ts DIRECTORY`. Mounts file systems, so it
 * runs in a mount namespace of its own.
 */

const EVENTS = 200;
/** Longer than the spool goes without a look at its directory. */
const LOOK_MILLIS = 1100;

const [place = ''] = process.argv.slice(2);
const disk = join(place, 'disk');
mkdirSync(disk);
execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=3m', 'tmpfs', disk]);
process.stdout.write(
  JSON.stringify({ full: await fullDisk(), readOnly: await readOnlyDisk(), removed: await removed() }),
);

/** Appends until it fails; gives how many events the spool has taken and the failure's words. */
async function appendUntilFailure(spool: Spool, first: number): Promise<{ taken: number; failure: string }> {
  for (let taken = 0; taken < 100_000; taken += EVENTS) {
    const failure = await wordsOf(spool.append(batchOf(eventsFrom(first + taken, EVENTS, 'write', 900))));
    if (failure !== '') return { taken, failure };
  }
  return { taken: 100_000, failure: 'none' };
}

async function wordsOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => '',
    (error: unknown) => String(error),
  );
}

async function fullDisk() {
  const path = join(disk, 'full');
  const { spool, losses } = await openTestSpool(path, { maxBytes: 16 * 1_048_576 });
  const first = await appendUntilFailure(spool, 0);
  const pending = spool.pendingEvents;
  const filler = join(disk, 'filler');
  const drained = await takeAll(spool);
  const again = await appendUntilFailure(spool, first.taken);
  // Somebody else takes the rest, and gives it back.
  const drainedAgain = await takeAll(spool);
  await spool.read(0, { events: 1, bytes: 1 });
  writeFileSync(filler, Buffer.alloc(2_000_000));
  const beside = await appendUntilFailure(spool, first.taken + again.taken);
  rmSync(filler);
  const freed = await wordsOf(spool.append(batchOf(eventsFrom(90_000, 1))));
  await spool.close();
  const reopened = await openTestSpool(path);
  const kept = await takeAll(reopened.spool);
  await reopened.spool.close();
  rmSync(path, { recursive: true });
  return {
    failures: [first.failure, again.failure, beside.failure].map((words) => words.replaceAll(path, 'PATH')),
    taken: [first.taken, again.taken, beside.taken + 1],
    came: [drained.length, drainedAgain.length, kept.length],
    pending,
    freed,
    losses: [...losses, ...reopened.losses],
  };
}

async function readOnlyDisk() {
  const path = join(disk, 'read-only');
  const { spool } = await openTestSpool(path);
  await spool.append(batchOf(eventsFrom(0, 5)));
  await spool.close();
  execFileSync('mount', ['-o', 'remount,ro', disk]);
  const opening = (await wordsOf(openTestSpool(path))).replaceAll(path, 'PATH');
  execFileSync('mount', ['-o', 'remount,rw', disk]);
  const again = await openTestSpool(path);
  const came = (await takeAll(again.spool)).length;
  await again.spool.close();
  return { opening, came, losses: again.losses };
}

async function removed() {
  const path = join(disk, 'removed');
  const { spool, losses, notices } = await openTestSpool(path);
  await spool.append(batchOf(eventsFrom(0, 5)));
  rmSync(path, { recursive: true });
  writeFileSync(path, 'in the way');
  await sleep(LOOK_MILLIS);
  const inTheWay = (await wordsOf(spool.append(batchOf(eventsFrom(5, 5))))).replaceAll(path, 'PATH');
  rmSync(path);
  await spool.append(batchOf(eventsFrom(5, 5)));
  const half = await spool.read(0, { events: 5, bytes: 100_000 });
  if (half !== undefined) spool.settle(half);
  await spool.close();
  const again = await openTestSpool(path);
  const came = await takeAll(again.spool);
  await again.spool.close();
  return {
    inTheWay,
    first: half?.batch.ends.length,
    came,
    losses: [...losses, ...again.losses],
    notices: notices.map((notice) => notice.replaceAll(path, 'PATH')),
  };
}
