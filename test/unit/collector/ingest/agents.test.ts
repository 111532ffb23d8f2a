import { setImmediate as nextTurn } from 'node:timers/promises';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { AuditEvent } from '../../../../contract/audit-event.ts';
import { auditEvent, sampleEvents } from '../../../support/audit-events.ts';
import {
  agentHolder,
  holder,
  type OpenDoor,
  openTestDoor,
  type Question,
} from '../../../support/collector/open-door.ts';

const POD = 'orders-7d9f8-abcde';
let door: OpenDoor;

beforeEach(async () => {
  door = await openTestDoor();
  door.known.ownTokens.agent = agentHolder('shop', POD);
});
afterEach(() => door.close());

const linesOf = (events: readonly unknown[]) => events.map((event) => `${JSON.stringify(event)}\n`).join('');
const send = (body: string | Buffer, question: Question = {}) =>
  door.ask('/v1/events', {
    token: 'agent',
    ...question,
    body,
    headers: { 'content-type': 'application/x-ndjson', 'dbaudit-instance': 'm1-2', ...question.headers },
  });
const numbered = (count: number, change: (sequence: number) => Partial<AuditEvent> = () => ({})) =>
  Array.from({ length: count }, (_, sequence) => auditEvent({ sequence, rest: change(sequence) }));

test.each([
  ['identity', (text: string) => Buffer.from(text)],
  ['gzip', (text: string) => gzipSync(text)],
  ['zstd', (text: string) => zstdCompressSync(text)],
])('%s: taken as they were sent, under the name of pod and start', async (encoding, compress) => {
  const events = sampleEvents();
  const headers = { 'content-encoding': encoding };
  const { status, json } = await send(compress(linesOf(events)), { headers });
  expect({ status, json }).toEqual({ status: 200, json: { acknowledged: events.length, refused: [] } });
  expect(door.store.events).toEqual(JSON.parse(JSON.stringify(events)));
  expect(door.store.chains).toEqual([`agent/shop/${POD}/m1-2`]);
});

test('a line that is no event is refused with its number and the reason; the rest is taken', async () => {
  const [first, , third] = numbered(3);
  const wrong = { ...third, '@timestamp': 'yesterday' };
  const body = `${linesOf([first])}{"x":\n${linesOf([wrong])}\n${linesOf([{ ...first, extra: 1 }])}[]`;
  const { json } = await send(body);
  expect(json).toEqual({
    acknowledged: 6,
    refused: [
      { index: 1, reason: 'no JSON' },
      { index: 2, reason: expect.stringMatching(/^no audit event: @timestamp: /) },
      { index: 3, reason: 'no JSON' },
      { index: 4, reason: 'no audit event: Unrecognized key: "extra"' },
      { index: 5, reason: expect.stringMatching(/^no audit event: Invalid input: expected object/) },
    ],
  });
  expect(door.store.events).toHaveLength(1);
});

test('lines may be cut anywhere', async () => {
  const events = numbered(700, () => ({ message: 'é订🙂'.repeat(40) }));
  const body = linesOf(events);
  expect(body.length).toBeGreaterThan(3 * 262_144);
  expect((await send(gzipSync(body), { headers: { 'content-encoding': 'gzip' } })).json).toEqual({
    acknowledged: 700,
    refused: [],
  });
  expect(door.store.events).toEqual(JSON.parse(JSON.stringify(events)));
});

describe('whose events', () => {
  const refusedOnce = async (event: AuditEvent, reason: string) => {
    const { status, json } = await send(linesOf([event, ...numbered(1)]));
    expect({ status, json }).toEqual({
      status: 200,
      json: { acknowledged: 2, refused: [{ index: 0, reason: expect.stringContaining(reason) }] },
    });
    expect(door.store.events.filter(({ event: { action } }) => action !== 'dbaudit.refused')).toHaveLength(1);
  };

  test.each<[string, AuditEvent['kubernetes']]>([
    ['another pod', { namespace: 'shop', pod: { name: 'billing-0' } }],
    ['the same name elsewhere', { namespace: 'bank', pod: { name: POD } }],
  ])('%s: refused and on record', async (_, kubernetes) => {
    await refusedOnce(auditEvent({ sequence: 9, rest: { kubernetes } }), `the token of shop/${POD}`);
    expect(door.records()).toMatchObject([
      {
        event: { action: 'dbaudit.refused', outcome: 'failure', type: ['denied'] },
        client: { ip: '127.0.0.1' },
        dbaudit: {
          actor: { type: 'workload', name: 'system:serviceaccount:shop:default' },
          access: { resource: 'ingest', events: 1, namespaces: ['shop'] },
        },
      },
    ]);
  });

  test('none: refused', () => refusedOnce(auditEvent({ rest: { kubernetes: undefined } }), 'names no pod'));

  test.each<[string, AuditEvent]>([
    ['an alert', auditEvent({ event: { action: 'alert.resolved' } })],
    ['a read', auditEvent({ event: { action: 'dbaudit.access' } })],
    ['the collector’s mode', auditEvent({ capture: { mode: 'collector' } })],
    ['when it was taken', auditEvent({ event: { ingested: '2026-01-02T03:04:05.678901234Z' } })],
    ['who has an address', auditEvent({ dbaudit: { client: { k8s: { kind: 'pod', pod: 'somebody' } } } })],
    ['a rule', auditEvent({ rest: { rule: { id: 'x', name: 'x' } } })],
  ])('an agent that says what is the collector’s to say (%s): refused', (_, event) =>
    refusedOnce(event, 'collector’s'),
  );
});

describe('who sends', () => {
  test.each<[string, Question, number]>([
    ['no token', { headers: { authorization: '' } }, 401],
    ['a wrong token', { token: 'wr0ng' }, 401],
    ['an expired one', { token: '0ld' }, 401],
    ['a user’s token', { token: 'us3r' }, 401],
    ['a token without a pod', { token: 'unb0und' }, 403],
  ])('%s: turned away and on record', async (_, question, status) => {
    door.known.ownTokens.unb0und = holder('system:serviceaccount:shop:default');
    door.known.ownTokens['0ld'] = { ...agentHolder('shop', POD), expiresAt: Date.now() - 1 };
    door.known.tokens.us3r = holder('alice');
    const answer = await send(linesOf(numbered(1)), question);
    expect(answer).toMatchObject({ status, json: { code: status === 401 ? 'DBA5001' : 'DBA5002' } });
    expect(JSON.stringify(answer.json)).not.toContain(question.token ?? 'Bearer');
    expect(door.records()).toMatchObject([{ event: { action: 'dbaudit.refused' } }]);
    expect(door.store.events).toHaveLength(1);
  });

  test('one who tries token after token is on record with a few of them, and their number', async () => {
    for (let attempt = 0; attempt < 50; attempt += 1) await send('', { token: `wrong-${attempt}` });
    await door.close();
    const records = door.records();
    expect(records).toHaveLength(6);
    expect(records.at(-1)?.message).toMatch(/^45 more/);
  });

  test('an API server that is away: try again', async () => {
    door.known.away = true;
    const { status, headers, json } = await send(linesOf(numbered(1)));
    expect({ status, json }).toMatchObject({ status: 503, json: { code: 'DBA5011' } });
    expect(headers['retry-after']).toBe('5');
  });
});

describe('too much', () => {
  test('a small body that would be a large one: 413, and nothing of it is kept', async () => {
    const bomb = gzipSync(Buffer.alloc(64 * 1_048_576, 'x'));
    expect(bomb.length).toBeLessThan(100_000);
    expect(await send(bomb, { headers: { 'content-encoding': 'gzip' } })).toMatchObject({ status: 413 });
    expect(door.store.events).toHaveLength(0);
    // What it took is given back.
    for (let again = 0; again < 5; again += 1) await send(bomb, { headers: { 'content-encoding': 'gzip' } });
    expect((await send(linesOf(numbered(1)))).status).toBe(200);
  });

  test.each([
    ['broken', 'gzip', gzipSync('{}').subarray(0, 12), 400],
    ['no gzip', 'gzip', Buffer.from('{}'), 400],
    ['another compression', 'br', Buffer.from('{}'), 415],
  ])('%s: %s %#', async (_, encoding, body, status) => {
    const answer = await send(body, { headers: { 'content-encoding': encoding } });
    expect(answer).toMatchObject({ status, json: { code: 'DBA5010' } });
  });

  test('a store that is busy: 429 with its time, and the same events again are taken once', async () => {
    door.store.busyMillis = 2_500;
    const busy = await send(linesOf(numbered(3)));
    expect(busy).toMatchObject({ status: 429, json: { code: 'DBA5006' } });
    expect(busy.headers['retry-after']).toBe('3');
    door.store.busyMillis = undefined;
    for (let again = 0; again < 2; again += 1)
      expect((await send(linesOf(numbered(3)))).json).toEqual({ acknowledged: 3, refused: [] });
    expect(door.store.events).toHaveLength(3);
    expect(await door.metrics.text()).toMatch(/events_total\{fate="repeated"\} 3/);
  });

  test('an agent has its turn once at a time, and others theirs', async () => {
    door.known.ownTokens.other = agentHolder('shop', 'billing-0');
    const { promise, resolve } = Promise.withResolvers<void>();
    door.store.gate = promise;
    const first = send(linesOf(numbered(2)));
    while (door.store.appending === 0) await nextTurn();
    const second = await send(linesOf(numbered(2)));
    expect(second.status).toBe(429);
    expect(second.headers['retry-after']).toBe('1');
    const rest = { kubernetes: { namespace: 'shop', pod: { name: 'billing-0' } } };
    const other = send(linesOf([auditEvent({ sequence: 77, rest })]), { token: 'other' });
    resolve();
    expect((await first).status).toBe(200);
    expect((await other).json).toEqual({ acknowledged: 1, refused: [] });
  });
});

test('outside of Kubernetes whoever has the token sends of all pods, and of none', async () => {
  const local = await openTestDoor({ anyAgent: true });
  try {
    local.known.ownTokens.agent = holder('local');
    const events = [auditEvent({ sequence: 1 }), auditEvent({ sequence: 2, rest: { kubernetes: undefined } })];
    const headers = { 'dbaudit-instance': 'm1-2' };
    const { json } = await local.ask('/v1/events', { token: 'agent', body: linesOf(events), headers });
    expect(json).toEqual({ acknowledged: 2, refused: [] });
    expect(local.store.chains).toEqual(['agent/-/m1-2/m1-2']);
  } finally {
    await local.close();
  }
});
