import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { DROP_ORDER } from '../../../delivery/event-class.ts';
import type { Loss } from '../../../delivery/event-store.ts';
import { LossReports } from '../../../delivery/loss-reports.ts';
import { deliverySchema } from '../../../delivery/settings.ts';
import { openSinkQueue, type SinkQueueOptions } from '../../../delivery/sink-queue.ts';
import type { SinkProblem } from '../../../delivery/sink-status.ts';
import { ReceiverGone, TryAgain } from '../../../delivery/sinks/failure.ts';
import type { Sink } from '../../../delivery/sinks/sink.ts';
import { FrailSpool } from '../../support/delivery/frail-spool.ts';
import { numberedBatch, numberOf, numbersOf } from '../../support/delivery/numbered-lines.ts';
import { ScriptedSink, type ScriptedSinkOptions } from '../../support/delivery/scripted-sink.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../../support/leftovers.ts';

const MEBIBYTE = 1_048_576;
/** Of each line. */
const BYTES = 100;

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate'] });
});
afterEach(() => {
  jest.useRealTimers();
});

interface Changes extends Partial<Omit<SinkQueueOptions, 'settings' | 'losses'>> {
  readonly settings?: Partial<SinkQueueOptions['settings']>;
  readonly sink?: ScriptedSinkOptions;
}

function setUp({ settings, sink: sinkOptions, ...changes }: Changes = {}) {
  const sink = new ScriptedSink(sinkOptions);
  return { sink, ...withSink(sink, { ...changes, settings: { ...settings } }) };
}

function withSink(sink: Sink, { settings, ...changes }: Omit<Changes, 'sink'> = {}) {
  const reported: Loss[] = [];
  const problems: (string | undefined)[] = [];
  const failed: Error[] = [];
  const losses = new LossReports((loss) => reported.push(loss));
  const queue = openSinkQueue(sink, {
    settings: { ...deliverySchema.parse({}), ...settings },
    losses,
    whenFull: 'drop',
    onProblem: (_, problem: SinkProblem | undefined) => problems.push(problem?.kind),
    onFailed: (_, error) => failed.push(error),
    ...changes,
  });
  let made = 0;
  const offer = (count: number) => {
    const events = Array.from({ length: count }, () => ({ number: made++, eventClass: 'read' as const, bytes: BYTES }));
    queue.offer(numberedBatch(events));
  };
  const close = async () => {
    const closed = queue.close();
    await jest.advanceTimersByTimeAsync(60_000);
    return closed;
  };
  return { queue, losses, reported, problems, failed, offer, close };
}

const frailSpool = (losses?: LossReports) =>
  new FrailSpool({ maxBytes: 100 * MEBIBYTE, dropOrder: DROP_ORDER, onLoss: (loss) => losses?.add(loss) });
const pass = (millis: number) => jest.advanceTimersByTimeAsync(millis);
const acknowledged = (sink: ScriptedSink) => sink.acknowledged.map(numberOf);
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index);

describe('sending', () => {
  test('begins at the start', async () => {
    const { queue, sink, offer, close } = setUp();
    offer(3);
    await pass(10_000);
    expect(sink.writes).toEqual([]);
    queue.start();
    await pass(1);
    expect(acknowledged(sink)).toEqual([0, 1, 2]);
    expect(queue.status).toMatchObject({
      sentEvents: 3,
      sentBytes: 300,
      sentBatches: 1,
      waitingEvents: 0,
      lagMillis: 0,
    });
    await close();
  });

  test('takes small batches together, up to what a write takes', async () => {
    const { queue, sink, offer, close } = setUp({
      sink: { latencyMillis: 10, limits: { events: 25, bytes: 1_000_000 } },
    });
    queue.start();
    offer(1);
    await pass(1);
    for (let count = 0; count < 10; count++) offer(5);
    await pass(1000);
    expect(sink.writes.map((lines) => lines.length)).toEqual([1, 25, 25]);
    expect(acknowledged(sink)).toEqual(upTo(51));
    await close();
  });

  test('is tried again until the receiver is back, with longer and longer waits', async () => {
    const { queue, sink, problems, offer, close } = setUp({
      settings: { retry: { firstMillis: 100, maxMillis: 1000 } },
    });
    queue.start();
    sink.behaviour = 'away';
    offer(2);
    await pass(60_000);
    expect(queue.status).toMatchObject({
      problem: { kind: 'unavailable', code: 'DBA4005', message: 'away' },
      waitingEvents: 2,
      waitingBytes: 200,
      lagMillis: 60_000,
    });
    // A wait is between 500 and 1000 ms in the end.
    expect(queue.status.retries).toBeGreaterThan(60);
    expect(queue.status.retries).toBeLessThan(130);
    sink.behaviour = 'ok';
    await pass(1001);
    expect(acknowledged(sink)).toEqual([0, 1]);
    expect(queue.status).toMatchObject({ waitingEvents: 0, sentEvents: 2 });
    expect(queue.status.problem).toBeUndefined();
    expect(problems).toEqual(['unavailable', undefined]);
    await close();
  });

  test('waits as long as the receiver asks', async () => {
    const tries: number[] = [];
    const sink: Sink = {
      name: 'busy',
      limits: { events: 100, bytes: 100_000 },
      write: async () => {
        tries.push(Date.now());
        if (tries.length === 1) throw new TryAgain('DBA4007', 'too many requests', 20_000);
      },
      close: async () => undefined,
    };
    const { queue, offer, close } = withSink(sink);
    queue.start();
    offer(1);
    await pass(30_000);
    expect((tries[1] ?? 0) - (tries[0] ?? 0)).toBe(20_000);
    await close();
  });

  test('is tried seldom while the configuration is wrong', async () => {
    const { queue, sink, problems, offer, close } = setUp();
    queue.start();
    sink.behaviour = 'misconfigured';
    offer(1);
    await pass(89_000);
    expect(queue.status.retries).toBe(3);
    expect(queue.status.problem).toMatchObject({
      kind: 'misconfigured',
      code: 'DBA4003',
      message: 'no topic; make it',
    });
    sink.behaviour = 'ok';
    await pass(1001);
    expect(acknowledged(sink)).toEqual([0]);
    expect(problems).toEqual(['misconfigured', undefined]);
    await close();
  });

  test('an error of no known kind is tried again', async () => {
    let tries = 0;
    const sink: Sink = {
      name: 'odd',
      limits: { events: 100, bytes: 100_000 },
      write: async () => {
        tries += 1;
        if (tries === 1) throw new TypeError('a bug');
      },
      close: async () => undefined,
    };
    const { queue, offer, close } = withSink(sink);
    queue.start();
    offer(1);
    await pass(1000);
    expect(queue.status).toMatchObject({ sentEvents: 1, retries: 1 });
    await close();
  });
});

describe('refused events', () => {
  let temporary: TemporaryDirectory;
  beforeAll(() => {
    temporary = temporaryDirectory('refused');
  });
  afterAll(() => temporary.remove());

  const isBad = (line: string) => numberOf(line) === 37;

  test('are found within 1 + log2(n) tries; the rest arrives in order', async () => {
    const { queue, sink, offer, close } = setUp({ sink: { isBad } });
    queue.start();
    offer(1000);
    await pass(1000);
    expect(acknowledged(sink)).toEqual(upTo(1000).filter((number) => number !== 37));
    expect(sink.writes.length).toBeLessThanOrEqual(2 + 10);
    expect(queue.status).toMatchObject({ quarantinedEvents: 1, sentEvents: 999, retries: 0, waitingEvents: 0 });
    await close();
  });

  test('a receiver that goes away meanwhile makes no other event suspect', async () => {
    const { queue, sink, offer, close } = setUp({ sink: { isBad, latencyMillis: 10 } });
    queue.start();
    offer(1000);
    for (let round = 0; round < 40; round++) {
      await pass(13);
      sink.behaviour = round % 2 === 0 ? 'away' : 'ok';
      if (round % 2 === 0) await pass(1000);
    }
    sink.behaviour = 'ok';
    await pass(60_000);
    expect(acknowledged(sink)).toEqual(upTo(1000).filter((number) => number !== 37));
    expect(queue.status.retries).toBeGreaterThan(3);
    expect(queue.status).toMatchObject({ quarantinedEvents: 1 });
    await close();
  });

  test('are kept with the reason, and reported', async () => {
    jest.useRealTimers();
    const { queue, reported, offer } = setUp({
      sink: { isBad, answersByLine: true },
      quarantineDirectory: temporary.path,
    });
    queue.start();
    offer(50);
    await queue.drain(new AbortController().signal);
    expect(await queue.close()).toBe(0);
    const record: unknown = JSON.parse(readFileSync(`${temporary.path}/scripted.ndjson`, 'utf8'));
    expect(record).toMatchObject({ sink: 'scripted', reason: 'bad', line: expect.stringMatching(/^37 read/) });
    queue.losses.flush();
    expect(reported).toEqual([{ reason: 'quarantined', count: 1, detail: expect.stringContaining('scripted.ndjson') }]);
  });

  test('a refused report is not reported', async () => {
    const { queue, sink, losses, close } = setUp({ sink: { isBad: () => true } });
    queue.start();
    queue.offer(numberedBatch([{ number: 0, eventClass: 'gap', bytes: BYTES }]));
    await pass(5000);
    expect(sink.writes).toHaveLength(1);
    expect(queue.status.quarantinedEvents).toBe(1);
    expect([losses.isPending, losses.total('quarantined')]).toEqual([false, 0]);
    await close();
  });

  test('what a receiver wants later is sent alone', async () => {
    const { queue, sink, offer, close } = setUp({ sink: { answersByLine: true } });
    queue.start();
    sink.behaviour = 'throttled';
    offer(8);
    await pass(1);
    sink.behaviour = 'ok';
    await pass(1000);
    expect(sink.writes.map((lines) => lines.map(numberOf))).toEqual([upTo(8), [0, 2, 4, 6]]);
    expect(queue.status).toMatchObject({ sentEvents: 8, waitingEvents: 0 });
    await close();
  });
});

describe('losses', () => {
  test('are reported once a second, with the exact sum', async () => {
    const { queue, sink, reported, offer, close } = setUp({ settings: { memoryMebibytes: 0.01 } });
    queue.start();
    sink.behaviour = 'away';
    for (let round = 0; round < 40; round++) {
      offer(50);
      await pass(100);
    }
    expect(reported.length).toBeGreaterThanOrEqual(3);
    expect(reported.length).toBeLessThanOrEqual(4);
    queue.losses.flush();
    const sum = reported.reduce((total, { count }) => total + count, 0);
    expect(sum).toBe(2000 - queue.status.waitingEvents);
    expect(queue.status.droppedEvents).toBe(sum);
    expect(await close()).toBe(2000 - sum);
  });

  test('found before the start are reported after it', async () => {
    const { queue, losses, reported, close } = setUp();
    losses.add({ reason: 'spool-torn', count: 3, detail: 'one' });
    losses.add({ reason: 'agent-killed', count: 0, detail: 'two' });
    await pass(10_000);
    expect(reported).toEqual([]);
    queue.start();
    await pass(1000);
    expect(reported).toEqual([
      { reason: 'spool-torn', count: 3, detail: 'one' },
      { reason: 'agent-killed', count: 0, detail: 'two' },
    ]);
    await close();
  });
});

describe('a backlog', () => {
  const rate = {
    memoryMebibytes: 4,
    backlog: { order: 'fresh-first' as const, mebibytesPerSecond: 10_000 / MEBIBYTE },
  };
  const limits = { events: 10, bytes: 1000 };

  test('follows at its rate, beside fresh events that pass at once', async () => {
    const { queue, sink, offer, close } = setUp({ settings: rate, sink: { limits } });
    queue.start();
    sink.behaviour = 'away';
    // More than passes at this rate in the twenty seconds of which chance decides when the first begins.
    offer(4000);
    await pass(30_000);
    sink.behaviour = 'ok';
    await pass(10_001);
    const before = sink.acknowledged.length;
    offer(1);
    await pass(1);
    expect(acknowledged(sink)).toContain(4000);
    await pass(10_000);
    // A hundred events of a hundred bytes a second, and what was saved up for one second.
    expect(sink.acknowledged.length - before).toBeGreaterThan(900);
    expect(sink.acknowledged.length - before).toBeLessThan(1200);
    expect(acknowledged(sink).filter((number) => number < 4000)).toEqual(upTo(sink.acknowledged.length - 1));
    await close();
  });

  test('gets its turn even if fresh events never cease', async () => {
    const { queue, sink, offer, close } = setUp({ settings: rate, sink: { limits, latencyMillis: 10 } });
    queue.start();
    sink.behaviour = 'away';
    offer(2000);
    await pass(30_000);
    sink.behaviour = 'ok';
    await pass(10_000);
    const backlogged = () => acknowledged(sink).filter((number) => number < 2000).length;
    const before = backlogged();
    for (let round = 0; round < 200; round++) {
      // More than a receiver that takes ten events in ten milliseconds can take.
      offer(120);
      await pass(100);
    }
    expect(backlogged()).toBe(2000);
    expect(before).toBeLessThan(2000);
    await close();
  });

  test('is none where all is sent in the order in which it came', async () => {
    const settings = { ...rate, backlog: { ...rate.backlog, order: 'oldest-first' as const } };
    const { queue, sink, offer, close } = setUp({ settings, sink: { limits } });
    queue.start();
    sink.behaviour = 'away';
    offer(2000);
    await pass(30_000);
    sink.behaviour = 'ok';
    offer(100);
    await pass(10_001);
    expect(acknowledged(sink)).toEqual(upTo(2100));
    await close();
  });

  test('is what an earlier agent left', async () => {
    const spool = frailSpool();
    await spool.append(
      numberedBatch(upTo(1000).map((number) => ({ number: 5000 + number, eventClass: 'read', bytes: BYTES }))),
    );
    const { queue, sink, offer, close } = setUp({ settings: rate, sink: { limits }, spool });
    queue.start();
    await pass(1);
    offer(1);
    await pass(1);
    expect(acknowledged(sink)).toContain(0);
    expect(sink.acknowledged.length).toBeLessThan(300);
    await close();
  });
});

describe('a spool', () => {
  test('has every event before the sink gets it', async () => {
    const spool = frailSpool();
    const { queue, sink, offer, close } = setUp({ spool });
    queue.start();
    sink.behaviour = 'away';
    offer(10);
    await pass(1000);
    expect([spool.pendingEvents, queue.status.waitingEvents, queue.status.spoolBytes]).toEqual([10, 10, 1000]);
    expect(await close()).toBe(0);
    expect([spool.pendingEvents, spool.closed]).toEqual([10, true]);
  });

  test('that cannot be used is replaced by memory until it can; nothing is lost and the order stays', async () => {
    const spool = frailSpool();
    const { queue, sink, offer, close } = setUp({ spool });
    queue.start();
    sink.behaviour = 'away';
    offer(10);
    await pass(1);
    spool.disk = 'read-only';
    offer(10);
    await pass(1);
    expect(queue.status).toMatchObject({ spoolProblem: 'the disk is read-only', waitingEvents: 20 });
    sink.behaviour = 'ok';
    await pass(60_000);
    expect(acknowledged(sink)).toEqual(upTo(20));
    sink.behaviour = 'away';
    offer(10);
    await pass(10_000);
    spool.mend();
    offer(10);
    await pass(3000);
    expect(queue.status.spoolProblem).toBeUndefined();
    sink.behaviour = 'ok';
    await pass(60_000);
    expect(acknowledged(sink)).toEqual(upTo(40));
    await close();
  });

  test('that hangs holds nothing up: events beyond the memory are dropped and counted, the rest is sent', async () => {
    const spool = frailSpool();
    const { queue, sink, offer, close } = setUp({ spool, settings: { memoryMebibytes: 0.01 } });
    queue.start();
    spool.disk = 'hanging';
    offer(50);
    offer(100);
    expect(queue.status).toMatchObject({ waitingEvents: 104, droppedEvents: 46 });
    await pass(5001);
    expect(queue.status.spoolProblem).toBe('the disk does not answer');
    expect(sink.acknowledged).toHaveLength(54);
    spool.mend();
    await pass(1);
    expect(sink.acknowledged).toHaveLength(104);
    expect(queue.status.spoolProblem).toBeUndefined();
    await close();
  });

  test('gets what is left at the end', async () => {
    const spool = frailSpool();
    const { queue, sink, offer, close } = setUp({ spool });
    queue.start();
    sink.behaviour = 'away';
    spool.disk = 'read-only';
    offer(10);
    await pass(1);
    spool.mend();
    expect(await close()).toBe(0);
    expect(spool.pendingEvents).toBe(10);
  });
});

describe('the end', () => {
  test('of a receiver is the end of its queue alone', async () => {
    const gone = new ReceiverGone('nobody reads');
    let writes = 0;
    const sink: Sink = {
      name: 'pipe',
      limits: { events: 10, bytes: 10_000 },
      write: async () => {
        writes += 1;
        throw gone;
      },
      close: async () => undefined,
    };
    const { queue, failed, offer, close } = withSink(sink, { whenFull: 'wait', settings: { memoryMebibytes: 0.001 } });
    queue.start();
    offer(100);
    expect(queue.isFull).toBe(true);
    await queue.room();
    await queue.drain(new AbortController().signal);
    offer(5);
    await pass(1000);
    expect(failed).toEqual([gone]);
    expect(writes).toBe(1);
    expect(queue.isFull).toBe(false);
    expect(queue.status).toMatchObject({ droppedEvents: 105, waitingEvents: 0 });
    expect(await close()).toBe(0);
  });

  test('says how many events are lost with the memory', async () => {
    const { queue, sink, offer, close } = setUp();
    queue.start();
    sink.behaviour = 'away';
    offer(7);
    await pass(1000);
    expect(await close()).toBe(7);
    expect(sink.closed).toBe(true);
  });

  test('in the middle of a batch leaves to the spool what the receiver neither took nor refused', async () => {
    const spool = frailSpool();
    const isBad = (line: string) => numberOf(line) === 9;
    const { queue, sink, offer, close } = setUp({ spool, sink: { isBad, latencyMillis: 10 } });
    queue.start();
    offer(16);
    sink.behaviour = 'throttled';
    // The whole, which is bad, and its first half, of which every other line is wanted later.
    await pass(25);
    expect(await close()).toBe(0);
    expect(acknowledged(sink)).toEqual([1, 3, 5, 7]);
    const left = await spool.read(0, { events: 100, bytes: 100_000 });
    expect(left && numbersOf(left.batch)).toEqual([0, 2, 4, 6, 8, 9, 10, 11, 12, 13, 14, 15]);
  });

  test('does not wait for a sink that takes no notice', async () => {
    const never = new Promise<never>(() => undefined);
    const sink: Sink = { name: 'deaf', limits: { events: 10, bytes: 1000 }, write: () => never, close: () => never };
    const { queue, offer, close } = withSink(sink);
    queue.start();
    offer(3);
    await pass(1);
    expect(await close()).toBe(3);
  });

  test('tries once more at once, though the next try was far off', async () => {
    const { queue, sink, offer, close } = setUp();
    queue.start();
    sink.behaviour = 'misconfigured';
    offer(3);
    await pass(1);
    sink.behaviour = 'ok';
    const drained = queue.drain(new AbortController().signal);
    await pass(1);
    await drained;
    expect(acknowledged(sink)).toEqual([0, 1, 2]);
    await close();
  });
});
