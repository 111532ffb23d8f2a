import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { Delivery, type DeliveryOptions, type LineWriter } from '../../../delivery/delivery.ts';
import type { Sink } from '../../../delivery/sinks/sink.ts';

/** Keeps what it gets; `hold` makes it wait until `release`, `fail` makes it refuse. */
class TestSink implements Sink {
  readonly name: string;
  readonly batches: string[] = [];
  readonly counts: number[] = [];
  closed = false;
  fail = false;
  #gate: PromiseWithResolvers<void> | undefined;

  constructor(name = 'test') {
    this.name = name;
  }

  hold(): void {
    this.#gate = Promise.withResolvers();
  }

  release(): void {
    this.#gate?.resolve();
    this.#gate = undefined;
  }

  async write({ lines, count }: { lines: Buffer; count: number }): Promise<void> {
    await this.#gate?.promise;
    if (this.fail) throw new Error('refused');
    this.batches.push(lines.toString());
    this.counts.push(count);
  }

  async close(): Promise<void> {
    this.closed = true;
    if (this.fail) throw new Error('cannot close');
  }

  get text(): string {
    return this.batches.join('');
  }
}

/** Lines as they are, behind one another. */
class PlainWriter implements LineWriter {
  bytes: Buffer = Buffer.alloc(0);
  length = 0;

  use(buffer: Buffer): void {
    this.bytes = buffer;
    this.length = 0;
  }

  write(line: Buffer): void {
    if (this.length + line.length > this.bytes.length) {
      this.bytes = Buffer.concat([this.bytes.subarray(0, this.length), line]);
    } else line.copy(this.bytes, this.length);
    this.length += line.length;
  }
}

function setUp(changes: Partial<DeliveryOptions> = {}) {
  const sink = new TestSink();
  const dropped: number[] = [];
  const failed: [string, string, number][] = [];
  const writer = new PlainWriter();
  const push = (line: Buffer) => {
    if (!delivery.admits()) return;
    writer.write(line);
    delivery.commit();
  };
  const options: DeliveryOptions = {
    sinks: [sink],
    whenFull: 'drop',
    onDropped: (count) => dropped.push(count),
    onFailed: ({ name }, { message }, count) => failed.push([name, message, count]),
    batchBytes: 40,
    batchAgeMillis: 3_600_000,
    waitingBytes: 100,
    ...changes,
  };
  const delivery = new Delivery(options, writer);
  /** Numbered lines. */
  const pushAll = (from: number, to: number) => {
    for (let number = from; number < to; number++) push(line(number));
  };
  return { sink, delivery, dropped, failed, push, pushAll };
}

/** Ten bytes. */
const line = (number: number) => Buffer.from(`line ${String(number).padStart(4, '0')}\n`);

const lines = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => line(from + index).toString()).join('');

describe('batches', () => {
  test('are handed on when full, whole lines only and in order', async () => {
    const { sink, delivery, pushAll } = setUp({ waitingBytes: 1000 });
    pushAll(0, 10);
    await delivery.drain();
    expect(sink.batches).toEqual([lines(0, 4), lines(4, 8), lines(8, 10)]);
    expect(sink.counts).toEqual([4, 4, 2]);
    expect(delivery.waitingBytes).toBe(0);
  });

  test('are handed on when old', async () => {
    const { sink, pushAll } = setUp({ batchAgeMillis: 1 });
    pushAll(0, 1);
    while (sink.batches.length === 0) await sleep(1);
    pushAll(1, 2);
    while (sink.batches.length === 1) await sleep(1);
    expect(sink.batches).toEqual([lines(0, 1), lines(1, 2)]);
  });

  test('take a line that is longer than they are', async () => {
    const { sink, delivery, push, pushAll } = setUp({ waitingBytes: 1_000_000 });
    const long = Buffer.from(`${'x'.repeat(100_000)}\n`);
    pushAll(0, 1);
    push(long);
    pushAll(1, 2);
    await delivery.drain();
    expect(sink.batches).toEqual([`${lines(0, 1)}${long}`, lines(1, 2)]);
  });

  test('use their memory again, and only once it has been written', async () => {
    const { sink, delivery, pushAll } = setUp({ waitingBytes: 10_000 });
    for (let round = 0; round < 20; round++) {
      sink.hold();
      pushAll(round * 50, round * 50 + 50);
      sink.release();
      await delivery.drain();
    }
    expect(sink.text).toBe(lines(0, 1000));
  });
});

describe('when the memory is full', () => {
  test('live events are dropped, counted and reported once there is room', async () => {
    const { sink, delivery, dropped, pushAll } = setUp();
    sink.hold();
    pushAll(0, 25);
    expect(delivery.droppedEvents).toBe(15);
    expect(delivery.waitingBytes).toBe(100);
    expect(dropped).toEqual([]);
    sink.release();
    await delivery.drain();
    expect(dropped).toEqual([15]);
    pushAll(25, 27);
    await delivery.drain();
    expect(sink.text).toBe(lines(0, 10) + lines(25, 27));
    expect(dropped).toEqual([15]);
  });

  test('the report itself is delivered, also at the very end', async () => {
    const { sink, delivery, push, pushAll } = setUp({ onDropped: (count) => push(line(9000 + count)) });
    sink.hold();
    pushAll(0, 12);
    const drained = delivery.drain();
    sink.release();
    await drained;
    expect(sink.text).toBe(lines(0, 10) + lines(9002, 9003));
  });

  test('a replay waits instead and loses nothing', async () => {
    const { sink, delivery, dropped, pushAll } = setUp({ whenFull: 'wait' });
    sink.hold();
    expect(delivery.flush()).toBeUndefined();
    pushAll(0, 25);
    let hasRoom = false;
    const room = Promise.resolve(delivery.flush()).then(() => {
      hasRoom = true;
    });
    await sleep(5);
    expect(hasRoom).toBe(false);
    sink.release();
    await room;
    expect(delivery.waitingBytes).toBeLessThanOrEqual(50);
    await delivery.drain();
    expect(sink.text).toBe(lines(0, 25));
    expect(dropped).toEqual([]);
  });

  test('live producers are never made to wait', () => {
    const { sink, delivery, pushAll } = setUp();
    sink.hold();
    pushAll(0, 25);
    expect(delivery.flush()).toBeUndefined();
  });
});

describe('sinks', () => {
  test('do not suffer from each other', async () => {
    const [good, bad] = [new TestSink('good'), new TestSink('bad')];
    const { delivery, failed, pushAll } = setUp({ sinks: [bad, good], waitingBytes: 1000 });
    bad.fail = true;
    pushAll(0, 6);
    await delivery.drain();
    bad.fail = false;
    pushAll(6, 7);
    await delivery.drain();
    expect(good.text).toBe(lines(0, 7));
    expect(bad.text).toBe(lines(6, 7));
    expect(failed).toEqual([
      ['bad', 'refused', 4],
      ['bad', 'refused', 2],
    ]);
    expect(
      delivery.counts.map(({ sentEvents, sentBytes, failedEvents }) => [sentEvents, sentBytes, failedEvents]),
    ).toEqual([
      [1, 10, 6],
      [7, 70, 0],
    ]);
  });

  test('are closed after the last event, each of them', async () => {
    const [good, bad] = [new TestSink('good'), new TestSink('bad')];
    const { delivery, failed, pushAll } = setUp({ sinks: [bad, good] });
    pushAll(0, 1);
    await delivery.drain();
    bad.fail = true;
    await delivery.close();
    expect([good.closed, bad.closed, good.text]).toEqual([true, true, lines(0, 1)]);
    expect(failed).toEqual([['bad', 'cannot close', 0]]);
  });

  test('may be none', async () => {
    const { delivery, pushAll } = setUp({ sinks: [] });
    pushAll(0, 5);
    await delivery.close();
    expect(delivery.waitingBytes).toBe(0);
  });
});
