import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { Delivery } from '../../../delivery/delivery.ts';
import { classNumber, DROP_ORDER, type EventClass } from '../../../delivery/event-class.ts';
import { LossReports } from '../../../delivery/loss-reports.ts';
import { type DeliverySettings, deliverySchema } from '../../../delivery/settings.ts';
import { openSinkQueue, type SinkQueueOptions } from '../../../delivery/sink-queue.ts';
import { ReceiverGone } from '../../../delivery/sinks/failure.ts';
import type { Sink } from '../../../delivery/sinks/sink.ts';
import { FrailSpool } from '../../support/delivery/frail-spool.ts';
import { numberedLine, numberOf, PlainWriter } from '../../support/delivery/numbered-lines.ts';
import { ScriptedSink } from '../../support/delivery/scripted-sink.ts';

const MEBIBYTE = 1_048_576;
const NEVER = new AbortController().signal;
/** Of each line. */
const BYTES = 100;

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate'] });
});
afterEach(() => {
  jest.useRealTimers();
});

interface Changes {
  readonly settings?: Partial<DeliverySettings>;
  readonly whenFull?: SinkQueueOptions['whenFull'];
  readonly spools?: readonly FrailSpool[];
}

/** A delivery to these sinks that makes an event of each loss, as the agent does. */
function setUp(sinks: readonly Sink[], { settings: changes, whenFull = 'drop', spools = [] }: Changes = {}) {
  const settings = { ...deliverySchema.parse({}), ...changes };
  const failed: [string, string][] = [];
  const gaps = new Map<number, { readonly sink: string; readonly count: number }>();
  const queues = sinks.map((sink, index) => {
    const losses = new LossReports(({ count }) => {
      gaps.set(made, { sink: sink.name, count });
      push('gap');
    });
    return openSinkQueue(sink, {
      settings,
      losses,
      whenFull,
      spool: spools[index],
      onFailed: (name, { message }) => failed.push([name, message]),
    });
  });
  const writer = new PlainWriter();
  const delivery = new Delivery({ queues, batch: settings.batch }, writer);
  let made = 0;
  const push = (eventClass: EventClass = 'read') => {
    writer.write(numberedLine({ number: made++, eventClass, bytes: BYTES }));
    delivery.commit(classNumber(eventClass));
  };
  const pushAll = (count: number, eventClass: EventClass = 'read') => {
    for (let pushed = 0; pushed < count; pushed++) push(eventClass);
  };
  const close = async (deadline: AbortSignal = NEVER) => {
    const closed = delivery.close(deadline);
    await jest.advanceTimersByTimeAsync(600_000);
    return closed;
  };
  return { delivery, failed, gaps, push, pushAll, close, made: () => made };
}

const pass = (millis: number) => jest.advanceTimersByTimeAsync(millis);
const acknowledged = (sink: ScriptedSink) => sink.acknowledged.map(numberOf);
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index);

describe('sinks', () => {
  test('all get everything, and are closed at the end', async () => {
    const [one, other] = [new ScriptedSink({ name: 'one' }), new ScriptedSink({ name: 'other', latencyMillis: 300 })];
    const { delivery, pushAll, close } = setUp([one, other]);
    delivery.start();
    for (let round = 0; round < 20; round++) {
      pushAll(500);
      await pass(100);
    }
    expect(await close()).toEqual([]);
    for (const sink of [one, other]) {
      expect(acknowledged(sink)).toEqual(upTo(10_000));
      expect(sink.closed).toBe(true);
    }
    expect(delivery.statuses.map(({ name, sentEvents }) => [name, sentEvents])).toEqual([
      ['one', 10_000],
      ['other', 10_000],
    ]);
  });

  test('do not suffer from one that is away, nor from a disk that hangs', async () => {
    const names = ['good', 'away', 'on-a-hanging-disk'] as const;
    const [good, away, hanging] = names.map((name) => new ScriptedSink({ name }));
    if (good === undefined || away === undefined || hanging === undefined) throw new Error('sinks are missing');
    const spools = names.map(
      () => new FrailSpool({ maxBytes: MEBIBYTE, dropOrder: DROP_ORDER, onLoss: () => undefined }),
    );
    const { delivery, pushAll } = setUp([good, away, hanging], { spools });
    delivery.start();
    away.behaviour = 'away';
    if (spools[2] !== undefined) spools[2].disk = 'hanging';
    pushAll(5000);
    await pass(201);
    expect(acknowledged(good)).toEqual(upTo(5000));
    expect([away, hanging].map(({ acknowledged }) => acknowledged.length)).toEqual([0, 0]);
    for (const spool of spools) spool.mend();
    away.behaviour = 'ok';
    const closed = delivery.close(NEVER);
    await pass(60_000);
    expect(await closed).toEqual([]);
    for (const sink of [good, away, hanging]) expect(acknowledged(sink)).toEqual(upTo(5000));
  });

  test('get nothing before the start', async () => {
    const sink = new ScriptedSink();
    const { delivery, push, close } = setUp([sink]);
    push();
    await pass(60_000);
    expect(sink.writes).toEqual([]);
    delivery.start();
    await close();
    expect(acknowledged(sink)).toEqual([0]);
  });

  test('may be none', async () => {
    const { delivery, pushAll, close } = setUp([]);
    delivery.start();
    pushAll(10_000);
    expect(delivery.flush()).toBeUndefined();
    expect(await close()).toEqual([]);
  });

  test('that are gone are told of, and hold up nobody who waits', async () => {
    const sink: Sink = {
      name: 'pipe',
      limits: { events: 1000, bytes: MEBIBYTE },
      write: async () => {
        throw new ReceiverGone('nobody reads');
      },
      close: async () => undefined,
    };
    const { delivery, failed, pushAll, close } = setUp([sink], { whenFull: 'wait', settings: { memoryMebibytes: 1 } });
    delivery.start();
    pushAll(20_000);
    await delivery.flush();
    expect(delivery.flush()).toBeUndefined();
    pushAll(20_000);
    expect(await close()).toEqual([]);
    expect(failed).toEqual([['pipe', 'nobody reads']]);
  });
});

describe('a producer that waits', () => {
  test('loses nothing, and is let on when half is free', async () => {
    const sink = new ScriptedSink({ latencyMillis: 100 });
    const { delivery, pushAll, close, made } = setUp([sink], { whenFull: 'wait', settings: { memoryMebibytes: 1 } });
    delivery.start();
    let most = 0;
    let waits = 0;
    while (made() < 40_000) {
      pushAll(1000);
      most = Math.max(most, delivery.statuses[0]?.waitingBytes ?? 0);
      const room = delivery.flush();
      if (room === undefined) continue;
      waits += 1;
      await Promise.all([room, pass(5000)]);
      expect(delivery.statuses[0]?.waitingBytes).toBeLessThanOrEqual(MEBIBYTE / 2);
    }
    expect(waits).toBeGreaterThan(2);
    expect(most).toBeLessThan(2 * MEBIBYTE);
    expect(await close()).toEqual([]);
    expect(acknowledged(sink)).toEqual(upTo(40_000));
  });

  test('one that drops is never made to wait', async () => {
    const sink = new ScriptedSink();
    sink.behaviour = 'away';
    const { delivery, pushAll, close } = setUp([sink], { settings: { memoryMebibytes: 1 } });
    delivery.start();
    pushAll(30_000);
    expect(delivery.flush()).toBeUndefined();
    await close(AbortSignal.abort());
  });
});

describe('a receiver that takes a tenth of what is made', () => {
  /** Errors and logins are a twentieth, which the receiver can take. */
  const classes: readonly EventClass[] = [
    ...Array<EventClass>(35).fill('read'),
    'write',
    'misc',
    'write',
    'login',
    'error',
  ];

  test.each([
    ['in memory', []],
    ['in a spool', [MEBIBYTE]],
  ])('%s: reports account for every event, and important ones survive', async (_, spoolBytes) => {
    // A thousand events a second, of ten thousand.
    const sink = new ScriptedSink({ limits: { events: 100, bytes: MEBIBYTE }, latencyMillis: 100 });
    const lossesOf: LossReports[] = [];
    const spools = spoolBytes.map(
      (maxBytes) => new FrailSpool({ maxBytes, dropOrder: DROP_ORDER, onLoss: (loss) => lossesOf[0]?.add(loss) }),
    );
    const gaps = new Map<number, number>();
    const settings = { ...deliverySchema.parse({}), memoryMebibytes: 1 };
    const losses = new LossReports(({ count }) => {
      gaps.set(made, count);
      push('gap');
    });
    lossesOf.push(losses);
    const queue = openSinkQueue(sink, { settings, losses, spool: spools[0], whenFull: 'drop' });
    const writer = new PlainWriter();
    const delivery = new Delivery({ queues: [queue], batch: settings.batch }, writer);
    const important = new Set<number>();
    let made = 0;
    const push = (eventClass: EventClass) => {
      if (eventClass === 'login' || eventClass === 'error') important.add(made);
      writer.write(numberedLine({ number: made++, eventClass, bytes: BYTES }));
      delivery.commit(classNumber(eventClass));
    };
    delivery.start();
    for (let round = 0; round < 50; round++) {
      for (let count = 0; count < 1000; count++) push(classes[count % classes.length] ?? 'read');
      await pass(100);
    }
    const closed = delivery.close(NEVER);
    await pass(600_000);
    expect(await closed).toEqual([]);

    const received = new Set(acknowledged(sink));
    expect(received.size).toBe(sink.acknowledged.length);
    const told = [...gaps].filter(([number]) => received.has(number)).reduce((sum, [, count]) => sum + count, 0);
    expect(told).toBeGreaterThan(25_000);
    expect(received.size + told).toBe(made);
    expect(queue.status).toMatchObject({ droppedEvents: told, sentEvents: received.size, waitingEvents: 0 });
    expect([...important].filter((number) => !received.has(number))).toEqual([]);
  });
});

describe('the end', () => {
  test('a loss of the last moment gets out', async () => {
    const sink = new ScriptedSink({ isBad: (line) => numberOf(line) === 2, answersByLine: true });
    const { delivery, gaps, pushAll, close } = setUp([sink]);
    delivery.start();
    pushAll(4);
    await close();
    expect(acknowledged(sink)).toEqual([0, 1, 3, 4]);
    expect(gaps).toEqual(new Map([[4, { sink: 'scripted', count: 1 }]]));
  });

  test('a report that is made while the last batch is on its way gets out too', async () => {
    const isBad = (line: string) => numberOf(line) === 0;
    const sink = new ScriptedSink({
      isBad,
      answersByLine: true,
      latencyMillis: 1100,
      limits: { events: 2, bytes: MEBIBYTE },
    });
    const { delivery, gaps, pushAll, close } = setUp([sink]);
    delivery.start();
    pushAll(4);
    expect(await close()).toEqual([]);
    expect([...gaps.keys()]).toEqual([4]);
    expect(acknowledged(sink)).toEqual([1, 2, 3, 4]);
  });

  test('what is not sent by the deadline is in the spool, with the losses', async () => {
    const sink = new ScriptedSink();
    sink.behaviour = 'away';
    const spool = new FrailSpool({ maxBytes: MEBIBYTE, dropOrder: DROP_ORDER, onLoss: () => undefined });
    const { delivery, gaps, pushAll, close } = setUp([sink], { spools: [spool], settings: { memoryMebibytes: 0.01 } });
    delivery.start();
    pushAll(2000);
    pushAll(10);
    const deadline = new AbortController();
    setTimeout(() => deadline.abort(), 50);
    expect(await close(deadline.signal)).toEqual([]);
    const dropped = [...gaps.values()].reduce((sum, { count }) => sum + count, 0);
    expect(dropped).toBeGreaterThan(1000);
    expect(spool.pendingEvents).toBe(2010 - dropped + gaps.size);
  });

  test('what has no spool by the deadline is counted', async () => {
    const [good, away] = [new ScriptedSink({ name: 'good' }), new ScriptedSink({ name: 'away' })];
    away.behaviour = 'away';
    const { delivery, pushAll, close } = setUp([good, away]);
    delivery.start();
    pushAll(10);
    const deadline = new AbortController();
    setTimeout(() => deadline.abort(), 50);
    expect(await close(deadline.signal)).toEqual([{ sink: 'away', events: 10 }]);
    expect(acknowledged(good)).toEqual(upTo(10));
  });

  test('a sink that cannot be closed is told of', async () => {
    const sink = new ScriptedSink();
    sink.close = async () => {
      throw new Error('cannot close');
    };
    const { delivery, failed, close } = setUp([sink]);
    delivery.start();
    await close();
    expect(failed).toEqual([['scripted', 'cannot close']]);
  });

  test('lines after it are for nobody', async () => {
    const sink = new ScriptedSink();
    const { delivery, push, close } = setUp([sink]);
    delivery.start();
    await close();
    push();
    await pass(60_000);
    expect(sink.writes).toEqual([]);
    expect(delivery.statuses[0]).toMatchObject({ waitingEvents: 0, droppedEvents: 1 });
  });
});
