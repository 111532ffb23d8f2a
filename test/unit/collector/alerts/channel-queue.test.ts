import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { AlertDatabase } from '../../../../collector/alerts/alert-database.ts';
import { raise } from '../../../../collector/alerts/alert-record.ts';
import { ChannelQueue } from '../../../../collector/alerts/channel-queue.ts';
import type { Notification } from '../../../../collector/alerts/channels/channel.ts';
import type { Order } from '../../../../collector/alerts/outbox.ts';
import { PoisonBatch, TryAgain, WrongConfiguration } from '../../../../delivery/sinks/failure.ts';
import { detection, TEST_START } from '../../../support/alerts/detections.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../../../support/leftovers.ts';

const DAY = 86_400_000;

let directory: TemporaryDirectory;
let database: AlertDatabase;
let queue: ChannelQueue;
let now: number;
let sent: Notification[];
let slept: number[];
let notices: string[];
let dead: string[];
/** What the channel does with the next messages; then it takes them. */
let failures: ((notification: Notification) => Error | undefined)[];

beforeEach(() => {
  directory = temporaryDirectory('channel-queue');
  database = AlertDatabase.open(`${directory.path}/alerts.db`);
  [now, sent, slept, notices, dead, failures] = [TEST_START, [], [], [], [], []];
  queue = open();
});

afterEach(async () => {
  await queue.close();
  database.close();
  directory.remove();
});

function open(perMinute = 20): ChannelQueue {
  return new ChannelQueue({
    name: 'chat',
    perMinute,
    outbox: database.outbox,
    alertOf: (id) => (id === 'gone' ? undefined : raise(detection(), id, now)),
    now: () => now,
    uptime: () => now - TEST_START,
    sleep: async (millis) => {
      slept.push(millis);
      now += millis;
    },
    onNotice: (notice) => notices.push(notice),
    onDead: (alerts, reason) => dead.push(`${alerts.join(' ')}: ${reason}`),
    channel: {
      send: async (notification) => {
        const error = failures.shift()?.(notification);
        if (error !== undefined) throw error;
        sent.push(notification);
        return undefined;
      },
      close: async () => undefined,
    },
  });
}

function order(...alerts: string[]): void {
  commit([alerts]);
}

/** In one step, since each is forced to disk. */
function commit(messages: readonly string[][]): void {
  const orders = messages.map((alerts): Order => {
    return { id: `order ${alerts}`, channel: 'chat', at: now, kind: 'alerts', alerts, people: [] };
  });
  database.commit({ alerts: new Map(), groups: new Map(), silences: new Map(), orders, audit: [] });
}

async function run(): Promise<void> {
  queue.wake();
  await queue.idle();
}

const outcomes = () => database.outbox.lines(100).map(({ outcome, alerts }) => `${outcome} ${alerts}`);

test('what gathers while the rate holds it back goes out as one message', async () => {
  for (const alert of ['a', 'b', 'c', 'd', 'c']) order(alert);
  await run();
  expect(sent.map(({ alerts, merged }) => [alerts.map(({ id }) => id).join(''), merged])).toEqual([
    ['a', 1],
    ['bcd', 4],
  ]);
  expect(outcomes()).toEqual(['sent 3', 'sent 1']);
  expect(database.outbox.count('chat')).toBe(0);
});

test('the rate is kept over time: 20 a minute are never 21', async () => {
  const times: number[] = [];
  for (let message = 0; message < 100; message++) {
    order(`${message}`);
    await run();
    times.push(now);
  }
  times.forEach((time, index) => {
    expect(times.filter((other) => other >= time && other < time + 57_000).length).toBeLessThanOrEqual(20);
    expect(index).toBe(times.indexOf(time));
  });
  expect(sent).toHaveLength(100);
});

test('a failure that passes is tried again with growing waits, and the same message keeps its id', async () => {
  failures = Array.from({ length: 6 }, () => () => new TryAgain('DBA4007', 'busy'));
  order('a');
  await run();
  expect(sent).toMatchObject([{ id: 'order a' }]);
  expect(outcomes()).toEqual(['sent 1', ...Array.from({ length: 6 }, () => 'failed 1')]);
  expect(notices).toEqual(['alert channel chat: busy']);
  expect(Math.max(...slept)).toBeGreaterThan(15_000);
});

test('a service that asks for ten minutes gets them', async () => {
  failures = [() => new TryAgain('DBA4007', 'blocked', 600_000)];
  order('a');
  await run();
  expect(slept[0]).toBe(600_000);
  expect(sent).toHaveLength(1);
});

test('a mistake in the configuration is said once with what helps, and given up after a day', async () => {
  failures = Array.from(
    { length: 2000 },
    () => () => new WrongConfiguration('DBA4001', 'sign not match', 'mend the secret'),
  );
  order('a', 'b');
  await run();
  expect(sent).toEqual([]);
  expect(now - TEST_START).toBeGreaterThan(DAY);
  expect(notices[0]).toBe('alert channel chat: sign not match; mend the secret');
  expect(notices).toHaveLength(2);
  expect(dead).toEqual(['a b: chat: not delivered in a day: sign not match']);
  expect(database.outbox.deadLetters(10)).toMatchObject([
    { alerts: ['a', 'b'], reason: expect.stringContaining('day') },
  ]);
});

test('of messages put together only the one that is refused becomes a dead letter', async () => {
  const refuseB = ({ alerts }: Notification) =>
    alerts.some(({ id }) => id === 'b') ? new PoisonBatch('bad words') : undefined;
  failures = Array.from({ length: 20 }, () => refuseB);
  for (const alert of ['x', 'a', 'b', 'c']) order(alert);
  await run();
  expect(sent.flatMap(({ alerts }) => alerts.map(({ id }) => id))).toEqual(['x', 'a', 'c']);
  expect(dead).toEqual(['b: chat: bad words']);
});

test('when too many wait, the oldest are given up', async () => {
  commit(Array.from({ length: 1_003 }, (_, message) => [`${message}`]));
  await run();
  expect(dead).toEqual(['0 1 2: chat: more than 1000 messages wait for chat']);
  expect(sent.flatMap(({ alerts }) => alerts)).toHaveLength(1_000);
});

test('alerts that are no longer kept are no message', async () => {
  order('gone');
  await run();
  expect(sent).toEqual([]);
  expect(database.outbox.count('chat')).toBe(0);
});

test('the log and the dead letters stay bounded', async () => {
  for (let line = 0; line < 2_100; line++)
    database.outbox.log({ at: line, channel: 'chat', outcome: 'sent', alerts: 1 });
  expect(database.outbox.lines(10_000)).toHaveLength(2_000);
  expect(database.outbox.lines(1)).toEqual([{ at: 2_099, channel: 'chat', outcome: 'sent', alerts: 1 }]);
});

test('after closing nothing is sent, and what waits stays', async () => {
  await queue.close();
  order('a');
  await run();
  expect(sent).toEqual([]);
  expect(database.outbox.count('chat')).toBe(1);
});
