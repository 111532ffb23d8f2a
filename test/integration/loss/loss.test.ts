import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { AuditEvent } from '../../../contract/audit-event.ts';
import { compare } from '../../support/completeness/comparison.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../../support/leftovers.ts';
import { sum } from '../../support/live-agent.ts';
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
  'mysql2-text': 600,
  'mysql2-prepared': 600,
  'pg-simple': 600,
  'pg-extended': 800,
  ioredis: 400,
};
const SEEDS = [1, 2, 3];

/** What must be the same however segments travelled; times, order and sequence numbers may differ. */
function keys(events: readonly AuditEvent[]): string[] {
  return events
    .filter(({ event }) => /^db\.(query|execute|prepare|command|copy)$/.test(event.action))
    .map(({ event, db }) => JSON.stringify([event.action, db?.operation?.name, db?.query?.text, db?.query?.parameter]));
}

const gapBytes = (events: readonly AuditEvent[]) => sum(events, (event) => event.dbaudit.capture.gap_bytes);

describe('segments that were not captured, or not in order', () => {
  let directory: TemporaryDirectory;
  let servers: RunningServer[] = [];
  let whole: PcapCapture;
  let expected: string[];

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
    expect(gapBytes(events)).toBe(0);
    expected = keys(events);
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

  /** How much of the whole capture's events there is; an event it lacks is an invention. */
  function kept(events: readonly AuditEvent[]): number {
    const { seen, extra } = compare(expected, keys(events));
    expect(extra).toEqual([]);
    return seen / expected.length;
  }

  test('the recording is large enough to lose something of it', () => {
    expect(expected.length).toBeGreaterThan(20_000);
  });

  test.each(SEEDS)('one segment in a thousand lost costs the statements it touched (seed %d)', (seed) => {
    const { capture, lostSegments, lostBytes } = loseSegments(whole, 0.001, seededRandom(seed));
    expect(lostSegments).toBeGreaterThan(10);
    const events = replay(capture);
    expect(kept(events)).toBeGreaterThanOrEqual(0.995);
    expect(gapBytes(events)).toBe(lostBytes);
  });

  test.each(SEEDS)('one segment in a hundred lost is reported to the byte, and nothing invented (seed %d)', (seed) => {
    const { capture, lostBytes } = loseSegments(whole, 0.01, seededRandom(seed));
    const events = replay(capture);
    expect(kept(events)).toBeGreaterThanOrEqual(0.9);
    expect(gapBytes(events)).toBe(lostBytes);
  });

  test.each(SEEDS)('two segments in a hundred out of order cost nothing (seed %d)', (seed) => {
    const { capture, swaps } = reorderSegments(whole, 0.02, seededRandom(seed));
    expect(swaps).toBeGreaterThan(100);
    const events = replay(capture);
    expect(kept(events)).toBeGreaterThanOrEqual(0.999);
    expect(gapBytes(events)).toBe(0);
  });

  test.each(SEEDS)('five segments in a hundred seen twice change nothing (seed %d)', (seed) => {
    const { capture, copies } = duplicateSegments(whole, 0.05, seededRandom(seed));
    expect(copies).toBeGreaterThan(100);
    const events = replay(capture);
    expect(kept(events)).toBe(1);
    expect(gapBytes(events)).toBe(0);
  });
});
