import { writeFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { type OpenAlertDesk, openAlertDesk } from '../../../../collector/alerts/alert-desk.ts';
import { alertsSchema } from '../../../../collector/alerts/settings.ts';
import type { AuditEvent } from '../../../../contract/audit-event.ts';
import { detection } from '../../../support/alerts/detections.ts';
import { HookReceiver } from '../../../support/alerts/hook-receiver.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../../../support/leftovers.ts';

const ALL = { namespaces: 'all', literals: false } as const;
const HOOK = '/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX';

let receiver: HookReceiver;
let directory: TemporaryDirectory;
let desk: OpenAlertDesk;
let recorded: AuditEvent[];
let notices: string[];

beforeAll(async () => {
  receiver = await HookReceiver.start();
});

afterAll(() => receiver.stop());

beforeEach(() => {
  directory = temporaryDirectory('desk');
  writeFileSync(`${directory.path}/hook`, `${receiver.origin}${HOOK}`);
  receiver.requests.length = 0;
  receiver.service = () => ({ body: 'ok' });
  [recorded, notices] = [[], []];
  desk = open();
});

afterEach(async () => {
  await desk.close();
  directory.remove();
});

function open(channel: object = {}, record = async (events: readonly AuditEvent[]) => void recorded.push(...events)) {
  const settings = {
    channels: [
      {
        type: 'slack',
        name: 'chat',
        urlFile: `${directory.path}/hook`,
        tls: { caFile: receiver.caFile },
        perMinute: 60,
        ...channel,
      },
    ],
    routes: [{ name: 'all', channels: ['chat'], groupBy: ['user.name'], groupWaitSeconds: 0 }],
  };
  return openAlertDesk({
    file: `${directory.path}/alerts.db`,
    settings: alertsSchema.parse(settings),
    record,
    nextSequence: () => 1,
    onNotice: (notice) => notices.push(notice),
    tickMillis: 10,
  });
}

/** For hangs alone: jest's own limit ends it. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await wait(10);
}

test('from a detection to a chat and to the audit trail', async () => {
  desk.see([detection()]);
  await until(() => receiver.requests.length === 1 && recorded.length === 1);
  expect(receiver.last.url.pathname).toBe(HOOK);
  await until(() => desk.deliveries(10).length === 1);
  expect(desk.deliveries(10)).toMatchObject([{ channel: 'chat', outcome: 'sent', alerts: 1 }]);
  expect(desk.channels()).toEqual([{ name: 'chat', type: 'slack', place: 'Slack', waiting: 0 }]);
  const [alert] = desk.list({ states: ['firing'], limit: 1 }, ALL).alerts;
  desk.change(alert?.id ?? '', { what: 'acknowledge' }, 'alice', ALL);
  await until(() => recorded.length === 2);
  expect(recorded.map(({ event }) => event.action)).toEqual(['alert.raised', 'alert.acknowledged']);
  expect(notices).toEqual([]);
});

test('the test button says what works, and what does not, without the secret', async () => {
  expect(await desk.testChannel('chat')).toEqual({ works: true, message: 'the receiver took the test message' });
  expect(await desk.testChannel('none')).toBeUndefined();
  receiver.service = () => ({ status: 404, body: `no_service ${HOOK}` });
  const failed = await desk.testChannel('chat');
  expect(failed).toMatchObject({ works: false, help: expect.any(String) });
  expect(JSON.stringify(failed)).not.toMatch(/XXXX|T00000000/);
});

test('a channel that is away gets its messages after a restart, each once', async () => {
  receiver.service = () => ({ status: 503, body: 'away' });
  desk.see([detection(), detection({ group: { 'user.name': 'root' } })]);
  await until(() => desk.channels()[0]?.problem !== undefined);
  expect(desk.channels()[0]).toMatchObject({ waiting: 2, problem: expect.stringContaining('503') });
  await desk.close();
  receiver.requests.length = 0;
  receiver.service = () => ({ body: 'ok' });
  desk = open();
  await until(() => desk.channels()[0]?.waiting === 0);
  const texts = receiver.requests.map(({ body }) => body.toString()).join();
  expect(texts.match(/Rule db\.ddl\.drop \(firing\)\\n/g)).toHaveLength(2);
});

test('messages of a channel that is no longer configured become dead letters, and their alerts say so', async () => {
  receiver.service = () => ({ status: 503, body: 'away' });
  desk.see([detection()]);
  await until(() => desk.channels()[0]?.waiting === 1);
  await desk.close();
  desk = openAlertDesk({
    file: `${directory.path}/alerts.db`,
    settings: alertsSchema.parse({}),
    record: async () => undefined,
    nextSequence: () => 1,
    onNotice: (notice) => notices.push(notice),
  });
  expect(desk.deadLetters(10)).toMatchObject([
    { channel: 'chat', reason: 'there is no longer a channel of this name' },
  ]);
  const [alert] = desk.list({ states: ['firing'], limit: 1 }, ALL).alerts;
  expect(alert?.history.at(-1)).toMatchObject({
    what: 'not-notified',
    text: 'chat: there is no longer a channel of this name',
  });
});

test('what the audit trail does not take now it gets later, in order', async () => {
  await desk.close();
  let fails = 3;
  desk = open({}, async (events) => {
    if (fails-- > 0) throw new Error('the store is busy');
    recorded.push(...events);
  });
  desk.see([detection(), detection({ group: { 'user.name': 'root' } })]);
  await until(() => recorded.length === 2);
  expect(notices).toEqual(['alerts: their events cannot be recorded now: the store is busy']);
  expect(new Set(recorded.map(({ event }) => event.id)).size).toBe(2);
});

test('a file that is none is said by its name', async () => {
  await desk.close();
  writeFileSync(
    `${directory.path}/alerts.db`,
    'this is no database, but a text that is long enough to be taken for one'.repeat(100),
  );
  expect(() => open()).toThrow(/alerts: .*alerts\.db cannot be used \(file is not a database\); move it away/);
  desk = openAlertDesk({
    file: `${directory.path}/other.db`,
    settings: alertsSchema.parse({}),
    record: async () => undefined,
    nextSequence: () => 1,
    onNotice: () => undefined,
  });
});
