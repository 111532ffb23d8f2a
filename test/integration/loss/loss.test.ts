import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { AuditEvent } from '../../../contract/audit-event.ts';
import { compare } from '../../support/completeness/comparison.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../../support/leftovers.ts';
import {
  duplicateSegments,
  loseSegments,
  type PcapCapture,
  readCapture,
  reorderSegments,
  seededRandom,
  writeCapture,
} from '../../support/mutation/segment-loss.ts';
import { record } from '../../support/recording.ts';
import { replayFile } from '../../support/replay.ts';
import { startMariadb } from '../../support/servers/mariadb.ts';
import { startPostgres } from '../../support/servers/postgres.ts';
import { startRedis } from '../../support/servers/redis.ts';
import type { RunningServer } from '../../support/servers/running-server.ts';
import { availableWorkloads, runWorkload } from '../../support/workloads/catalog.ts';
import { makeTables } from '../../support/workloads/schema.ts';

/** For hangs: servers take seconds to start, on a busy machine a minute. */
jest.setTimeout(240_000);

/** Enough segments for one in a thousand to be a few dozen. */
const ROUNDS: Readonly<Record<string, number>> = {
  'mysql2-text': 300,
  'mysql2-prepared': 300,
  'pg-simple': 300,
  'pg-extended': 300,
  ioredis: 150,
};
const SEEDS = [1, 2];

const STATEMENT = /^db\.(query|execute|prepare|command|copy)$/;

function statements(events: readonly AuditEvent[]): AuditEvent[] {
  return events.filter(({ event }) => STATEMENT.test(event.action));
}

/** What was asked, however segments travelled. An execution whose PREPARE was lost has no text, and is no invention. */
function texts(events: readonly AuditEvent[]): string[] {
  return statements(events).flatMap(({ event, db }) => db?.query?.text?.replace(/^/, `${event.action} `) ?? []);
}

/** The same with parameters, of those events that claim to have them all. */
function bound(events: readonly AuditEvent[]): string[] {
  const whole = statements(events).filter(({ db, dbaudit }) => db?.query?.text && dbaudit.capture.notes === undefined);
  return whole.map(({ db }) => JSON.stringify([db?.query?.text, db?.query?.parameter]));
}

/** Bytes that were on the wire and not in the capture; what was seen but not understood has another reason. */
function lostBytesReported(events: readonly AuditEvent[]): number {
  const lost = events.filter(({ event }) => event.reason === 'bytes-lost');
  return lost.reduce((total, { dbaudit }) => total + (dbaudit.capture.gap_bytes ?? 0), 0);
}

const anyGap = (events: readonly AuditEvent[]) => events.filter(({ event }) => event.action === 'db.gap');

describe('segments that were not captured, or not in order', () => {
  let directory: TemporaryDirectory;
  let servers: RunningServer[] = [];
  let whole: PcapCapture;
  let expected: { readonly count: number; readonly texts: readonly string[]; readonly bound: readonly string[] };

  beforeAll(async () => {
    directory = temporaryDirectory('loss');
    servers = await Promise.all([startMariadb(), startPostgres(), startRedis()]);
    await Promise.all(servers.map(makeTables));
    const file = join(directory.path, 'whole.pcap');
    const recording = await record(
      servers.map(({ port }) => port),
      file,
    );
    for (const server of servers) {
      for (const load of availableWorkloads(server.protocol)) {
        const rounds = ROUNDS[load.name];
        if (rounds !== undefined) await runWorkload(load, server, { rounds });
      }
    }
    await recording.stop();
    whole = readCapture(file);
    const events = replayFile(file);
    expect(anyGap(events)).toEqual([]);
    expected = { count: statements(events).length, texts: texts(events), bound: bound(events) };
  });

  afterAll(async () => {
    await Promise.all(servers.map((server) => server.stop()));
    directory?.remove();
  });

  function replay(capture: PcapCapture): AuditEvent[] {
    const file = join(directory.path, 'mutated.pcap');
    writeCapture(file, capture);
    return replayFile(file);
  }

  /** How much of the whole capture's statements there is; a statement it lacks is an invention. */
  function kept(events: readonly AuditEvent[]): number {
    expect(compare(expected.texts, texts(events)).extra.slice(0, 5)).toEqual([]);
    expect(compare(expected.bound, bound(events)).extra.slice(0, 5)).toEqual([]);
    return statements(events).length / expected.count;
  }

  test('the recording is large enough to lose something of it', () => {
    expect(expected.count).toBeGreaterThan(10_000);
  });

  test.each(SEEDS)('one segment in a thousand lost costs the statements it touched (seed %d)', (seed) => {
    const { capture, lostSegments, lostBytes } = loseSegments(whole, 0.001, seededRandom(seed));
    expect(lostSegments).toBeGreaterThan(10);
    const events = replay(capture);
    expect(kept(events)).toBeGreaterThanOrEqual(0.995);
    expect(lostBytesReported(events)).toBe(lostBytes);
  });

  test.each(SEEDS)('one segment in a hundred lost is reported to the byte, and nothing invented (seed %d)', (seed) => {
    const { capture, lostBytes } = loseSegments(whole, 0.01, seededRandom(seed));
    const events = replay(capture);
    expect(kept(events)).toBeGreaterThanOrEqual(0.9);
    expect(lostBytesReported(events)).toBe(lostBytes);
  });

  test.each(SEEDS)('two segments in a hundred out of order cost nothing (seed %d)', (seed) => {
    const { capture, swaps } = reorderSegments(whole, 0.02, seededRandom(seed));
    expect(swaps).toBeGreaterThan(100);
    const events = replay(capture);
    expect(kept(events)).toBeGreaterThanOrEqual(0.999);
    expect(anyGap(events)).toEqual([]);
  });

  test.each(SEEDS)('five segments in a hundred seen twice change nothing (seed %d)', (seed) => {
    const { capture, copies } = duplicateSegments(whole, 0.05, seededRandom(seed));
    expect(copies).toBeGreaterThan(100);
    const events = replay(capture);
    expect(kept(events)).toBe(1);
    expect(anyGap(events)).toEqual([]);
  });
});
