import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { Delivery } from '../../../delivery/delivery.ts';
import { classNumber, EVENT_CLASSES } from '../../../delivery/event-class.ts';
import type { Loss } from '../../../delivery/event-store.ts';
import { LossReports } from '../../../delivery/loss-reports.ts';
import { deliverySchema } from '../../../delivery/settings.ts';
import { openSinkQueue } from '../../../delivery/sink-queue.ts';
import { FrailSpool } from '../../support/delivery/frail-spool.ts';
import { numberedLine, numberOf, PlainWriter } from '../../support/delivery/numbered-lines.ts';
import { ScriptedSink } from '../../support/delivery/scripted-sink.ts';

const MEBIBYTE = 1_048_576;
/** In the model's own time: longer than any wait. */
const LONG_MILLIS = 120_000;

beforeAll(() => {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate'] });
});
afterAll(() => {
  jest.useRealTimers();
});

const event = fc.record({
  eventClass: fc.constantFrom(...EVENT_CLASSES.filter((name) => name !== 'gap'), 'read' as const, 'read' as const),
  bytes: fc.oneof(fc.constant(60), fc.integer({ min: 30, max: 200 }), fc.integer({ min: 200, max: 6000 })),
  isBad: fc.nat({ max: 30 }).map((chance) => chance === 0),
});

const made = fc.record({
  kind: fc.constant('make' as const),
  events: fc.array(event, { minLength: 1, maxLength: 40, size: 'max' }),
});
const passing = fc.record({ kind: fc.constant('pass' as const), millis: fc.constantFrom(1, 10, 250, 3000, 40_000) });
const receiving = fc.record({
  kind: fc.constant('receiver' as const),
  behaviour: fc.constantFrom(
    'ok' as const,
    'ok' as const,
    'away' as const,
    'ambiguous' as const,
    'misconfigured' as const,
    'throttled' as const,
  ),
});
const disk = fc.record({
  kind: fc.constant('disk' as const),
  disk: fc.constantFrom(
    'fine' as const,
    'fine' as const,
    'read-only' as const,
    'unreadable' as const,
    'hanging' as const,
  ),
});

const anyCase = fc.record({
  order: fc.constantFrom('oldest-first' as const, 'fresh-first' as const),
  memoryBytes: fc.constantFrom(4000, 20_000, 1_000_000),
  spoolBytes: fc.constantFrom(undefined, 10_000, 60_000, 1_000_000),
  batch: fc.record({
    events: fc.constantFrom(1, 5, 30, 1000),
    bytes: fc.constantFrom(4096, 20_000),
    ageMillis: fc.constantFrom(1, 200),
  }),
  sinkLimits: fc.record({ events: fc.constantFrom(3, 20, 100_000), bytes: fc.constantFrom(500, 5000, 100_000) }),
  answersByLine: fc.boolean(),
  latencyMillis: fc.constantFrom(0, 0, 5, 300),
  backlogBytesPerSecond: fc.constantFrom(2000, 1_000_000),
  steps: fc.array(
    fc.oneof(
      { weight: 5, arbitrary: made },
      { weight: 3, arbitrary: passing },
      { weight: 2, arbitrary: receiving },
      { weight: 1, arbitrary: disk },
    ),
    {
      maxLength: 40,
      size: 'max',
    },
  ),
  /** What it is like when the agent ends, and whether it has all the time. */
  end: fc.record({ isMended: fc.boolean(), isHurried: fc.boolean() }),
});

test('each event is delivered, or refused, or counted as lost, or still in the spool: one of them, once', async () => {
  await fc.assert(
    fc.asyncProperty(anyCase, async (one) => {
      const world = new World(one);
      await world.run();
      world.check();
    }),
    // A smaller case is seldom found, and only after minutes.
    { numRuns: 250, endOnFailure: true },
  );
});

type Case = typeof anyCase extends fc.Arbitrary<infer Value> ? Value : never;

/** One delivery with one sink, what goes into it and what comes out. */
class World {
  readonly #case: Case;
  readonly #sink: ScriptedSink;
  readonly #spool: FrailSpool | undefined;
  readonly #losses: LossReports;
  readonly #delivery: Delivery;
  readonly #writer = new PlainWriter();
  readonly #lines: string[] = [];
  readonly #bad = new Set<number>();
  readonly #gaps = new Set<number>();
  readonly #reported: Loss[] = [];
  #lost = 0;
  #everHung = false;

  constructor(one: Case) {
    this.#case = one;
    this.#sink = new ScriptedSink({
      limits: one.sinkLimits,
      answersByLine: one.answersByLine,
      latencyMillis: one.latencyMillis,
      isBad: (line) => this.#bad.has(numberOf(line)),
    });
    this.#losses = new LossReports((loss) => {
      this.#reported.push(loss);
      this.#make('gap', 80, false);
    });
    const onLoss = (loss: Loss) => this.#losses.add(loss);
    this.#spool =
      one.spoolBytes === undefined ? undefined : new FrailSpool({ maxBytes: one.spoolBytes, dropOrder: [], onLoss });
    const settings = {
      ...deliverySchema.parse({}),
      batch: one.batch,
      memoryMebibytes: one.memoryBytes / MEBIBYTE,
      backlog: { order: one.order, mebibytesPerSecond: one.backlogBytesPerSecond / MEBIBYTE },
    };
    const queue = openSinkQueue(this.#sink, { settings, spool: this.#spool, losses: this.#losses, whenFull: 'drop' });
    this.#delivery = new Delivery({ queues: [queue], batch: one.batch }, this.#writer);
  }

  async run(): Promise<void> {
    const { steps, end } = this.#case;
    this.#delivery.start();
    for (const step of steps) {
      if (step.kind === 'make')
        for (const { eventClass, bytes, isBad } of step.events) this.#make(eventClass, bytes, isBad);
      else if (step.kind === 'pass') await jest.advanceTimersByTimeAsync(step.millis);
      else if (step.kind === 'receiver') this.#sink.behaviour = step.behaviour;
      else this.#changeDisk(step.disk);
      this.#checkBound();
    }
    if (end.isMended) {
      this.#changeDisk('fine');
      this.#sink.behaviour = 'ok';
    }
    const deadline = new AbortController();
    setTimeout(() => deadline.abort(), end.isHurried ? 1 : LONG_MILLIS);
    const closed = this.#delivery.close(deadline.signal).then((lost) => {
      this.#lost = lost.reduce((sum, { events }) => sum + events, 0);
    });
    await jest.advanceTimersByTimeAsync(2 * LONG_MILLIS);
    await closed;
  }

  check(): void {
    const { end, order } = this.#case;
    const [status] = this.#delivery.statuses;
    if (status === undefined) throw new Error('there is no status');
    const acknowledged = this.#sink.acknowledged;
    const inSpool = this.#spool?.pendingEvents ?? 0;
    const isWell = this.#spool === undefined || this.#spool.disk === 'fine';
    const accounted = acknowledged.length + status.quarantinedEvents + status.droppedEvents + this.#lost + inSpool;
    // A disk that cannot be written at the very end leaves what was taken of a batch in the spool, too.
    if (isWell) expect(accounted).toBe(this.#lines.length);
    else expect(accounted).toBeGreaterThanOrEqual(this.#lines.length);

    // Each is what was made, none twice, none that is bad.
    const numbers = acknowledged.map(numberOf);
    expect(acknowledged).toEqual(numbers.map((number) => this.#lines[number]));
    expect(new Set(numbers).size).toBe(numbers.length);
    expect(numbers.some((number) => this.#bad.has(number))).toBe(false);
    expect(status.sentEvents).toBe(numbers.length);
    expect(status.sentBytes).toBe(acknowledged.reduce((sum, line) => sum + line.length + 1, 0));
    expect(status.quarantinedEvents).toBeLessThanOrEqual(this.#bad.size);
    expect(this.#sink.mostAtOnce).toBeLessThanOrEqual(1);
    expect(this.#sink.closed).toBe(true);

    const inOrder = numbers.filter((number) => !this.#sink.askedAgain.has(number));
    if (order === 'oldest-first' && !this.#everHung)
      expect(inOrder).toEqual(inOrder.toSorted((one, other) => one - other));

    if (end.isMended && !end.isHurried) {
      expect([this.#lost, inSpool, status.waitingEvents, status.problem, status.lagMillis]).toEqual([
        0,
        0,
        0,
        undefined,
        0,
      ]);
      // Reports arrive, each of them, and say all.
      expect([...this.#gaps].filter((number) => !numbers.includes(number))).toEqual([]);
      const reported = (reason: string) =>
        this.#reported.reduce((sum, loss) => sum + (loss.reason === reason ? loss.count : 0), 0);
      expect(reported('output-full')).toBe(status.droppedEvents);
      expect(reported('quarantined')).toBe(status.quarantinedEvents);
    }
  }

  /** What waits in memory alone never takes more than it may, but for reports and what is being written. */
  #checkBound(): void {
    const { memoryBytes, sinkLimits, batch } = this.#case;
    const [status] = this.#delivery.statuses;
    const out = Math.max(6000, Math.min(sinkLimits.bytes, batch.bytes));
    const inMemory = (status?.waitingBytes ?? 0) - (this.#spool?.pendingBytes ?? 0);
    expect(inMemory).toBeLessThanOrEqual(memoryBytes + this.#gaps.size * 80 + Math.max(out, batch.bytes));
  }

  #make(eventClass: (typeof EVENT_CLASSES)[number], bytes: number, isBad: boolean): void {
    const number = this.#lines.length;
    const line = numberedLine({ number, eventClass, bytes });
    this.#lines.push(line.toString().trimEnd());
    if (isBad) this.#bad.add(number);
    if (eventClass === 'gap') this.#gaps.add(number);
    this.#writer.write(line);
    this.#delivery.commit(classNumber(eventClass));
  }

  #changeDisk(state: FrailSpool['disk']): void {
    if (this.#spool === undefined) return;
    if (state === 'hanging' || state === 'unreadable') this.#everHung = true;
    this.#spool.mend();
    this.#spool.disk = state;
  }
}
