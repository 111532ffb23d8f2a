import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { AuditEvent } from '../../../../contract/audit-event.ts';
import { auditEvent } from '../../../support/audit-events.ts';
import { COLLECTOR_NAME, holder, type OpenDoor, openTestDoor } from '../../../support/collector/open-door.ts';

const TEMPLATE = 'SELECT ?';
/** Without the records of access. */
const STATEMENTS = { kind: 'is', field: 'event.action', values: ['db.query'] };
let door: OpenDoor;
const agents: Agent[] = [];

beforeEach(async () => {
  door = await openTestDoor();
  for (const name of ['auditor', 'reader']) door.known.tokens[name] = holder(name);
  door.known.rights.auditor = ['get auditevents', 'read-literals auditevents'];
  door.known.rights.reader = ['get auditevents -n shop'];
});
afterEach(async () => {
  for (const agent of agents.splice(0)) agent.destroy();
  await door.close();
});

const eventIn = (namespace: string, sequence: number, padding = ''): AuditEvent =>
  auditEvent({
    sequence,
    db: { query: { text: `SELECT '${sequence}'${padding}` } },
    statement: { template: TEMPLATE },
    rest: { kubernetes: { namespace, pod: { name: 'orders-0' } } },
  });

function open(token: string, body: object = {}): Promise<IncomingMessage> {
  const agent = new Agent({ ca: door.authority.certificate, servername: COLLECTOR_NAME });
  agents.push(agent);
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const port = door.server.port;
    const options = { host: '127.0.0.1', port, path: '/api/v1/tail', method: 'POST', headers, agent };
    const outgoing = request(options, (incoming) => {
      // It is broken off in the end.
      incoming.on('error', () => {});
      resolve(incoming);
    });
    outgoing.on('error', reject);
    outgoing.end(JSON.stringify(body));
  });
}

async function linesOf(incoming: IncomingMessage, until: (line: Record<string, unknown>) => boolean) {
  const lines: Record<string, unknown>[] = [];
  const reader = createInterface({ input: incoming });
  reader.on('error', () => {});
  for await (const text of reader) {
    const line: Record<string, unknown> = JSON.parse(text);
    lines.push(line);
    if (until(line)) break;
  }
  return lines;
}

const sequenceOf = (line: Record<string, unknown>) => Object(line.event).sequence;

test('events as they come, of the scope and the filter alone, without literals', async () => {
  const incoming = await open('reader', { filter: STATEMENTS });
  expect(incoming.statusCode).toBe(200);
  const events = [
    eventIn('bank', 1),
    eventIn('shop', 2),
    { ...eventIn('shop', 3), event: { ...eventIn('shop', 3).event, action: 'db.copy' as const } },
    eventIn('shop', 4),
  ];
  door.live.observe(events);
  const lines = await linesOf(incoming, (line) => sequenceOf(line) === 4);
  expect(lines.filter((line) => 'event' in line).map(sequenceOf)).toEqual([2, 4]);
  expect(JSON.stringify(lines)).not.toContain("SELECT '");
  expect(JSON.stringify(lines)).toContain(TEMPLATE);
});

test('a reader that does not read is told how much it misses, and costs no more than its share', async () => {
  const incoming = await open('auditor', { filter: STATEMENTS });
  incoming.pause();
  const count = 30_000;
  // Sockets take some MB by themselves.
  const padding = ' '.repeat(2_000);
  for (let sequence = 1; sequence <= count; sequence += 100) {
    door.live.observe(Array.from({ length: 100 }, (_, index) => eventIn('shop', sequence + index, padding)));
    await new Promise(setImmediate);
  }
  let missed = 0;
  let seen = 0;
  // What comes after it reads again is shown.
  const last = eventIn('shop', count + 1);
  const lines = await linesOf(incoming, (line) => {
    if ('event' in line) seen += 1;
    else missed += Number(line.behind);
    if (seen + missed === count) door.live.observe([last]);
    return sequenceOf(line) === count + 1;
  });
  expect(missed).toBeGreaterThan(0);
  expect(seen + missed).toBe(count + 1);
  const numbers = lines.filter((line) => 'event' in line).map(sequenceOf);
  expect(numbers).toEqual(numbers.toSorted((one, other) => one - other));
});

test('reading along is on record when it begins and when it ends, and its own record comes by once', async () => {
  const incoming = await open('auditor');
  door.live.observe([eventIn('shop', 1), eventIn('shop', 2)]);
  await linesOf(incoming, (line) => sequenceOf(line) === 2);
  incoming.destroy();
  while (door.records().length < 2) await new Promise(setImmediate);
  expect(door.records()).toMatchObject([
    { dbaudit: { access: { verb: 'tail', resource: 'auditevents' } } },
    { message: 'it has ended', dbaudit: { access: { verb: 'tail', events: expect.any(Number) } } },
  ]);
});

test('so many may read along, and who leaves makes room', async () => {
  const streams = [];
  for (let reader = 0; reader < 50; reader += 1) streams.push(await open('auditor'));
  const more = await door.ask('/api/v1/tail', { token: 'auditor', body: {} });
  expect(more).toMatchObject({ status: 429, json: { code: 'DBA5006' } });
  streams[0]?.destroy();
  let next = await open('auditor');
  while (next.statusCode === 429) {
    next.resume();
    next = await open('auditor');
  }
  expect(next.statusCode).toBe(200);
});
