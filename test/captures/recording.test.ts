import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { beforeAll, describe, expect, test } from '@jest/globals';
import type { AuditEvent } from '../../contract/audit-event.ts';
import type { Watched } from '../../tools/demo/report.ts';
import { compare } from '../support/completeness/comparison.ts';
import { EventLedger } from '../support/completeness/event-ledger.ts';
import { readPackets } from '../support/packet-list.ts';
import { replayPackets, validEvents } from '../support/replayed.ts';

/** The demo's own recording, and what the servers themselves logged and counted while it was made. */
const RECORDING = 'tools/demo/recording.pcap.gz';
const watched: readonly Watched[] = JSON.parse(
  gunzipSync(readFileSync('tools/demo/recording.ledger.json.gz')).toString(),
);

let events: AuditEvent[] = [];

beforeAll(async () => {
  events = validEvents((await replayPackets(await readPackets(RECORDING))).lines);
});

describe.each(watched)('$name', ({ protocol, port, ledger }) => {
  test.each(['statements', 'logins'] as const)('%s are those of the server', (what) => {
    const own = events.filter(({ server }) => server?.port === port);
    const seen = new EventLedger(protocol);
    for (const event of own) seen.add(event);
    const { counted, missed, extra } = compare(ledger[what], seen[what]);
    expect({ counted, missed, extra }).toEqual({ counted: ledger[what].length, missed: [], extra: [] });
    expect(counted).toBeGreaterThan(0);
  });
});

test('a replay gives the same lines each time', async () => {
  const packets = await readPackets(RECORDING);
  expect((await replayPackets(packets)).lines).toBe((await replayPackets(packets)).lines);
});

test('nothing is told that was not there', () => {
  expect(events.filter(({ event }) => event.action === 'db.gap')).toEqual([]);
  expect(new Set(events.map(({ event }) => event.id)).size).toBe(events.length);
});
