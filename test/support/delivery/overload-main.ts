/**
 * Makes events faster than a sink takes them, in a process of its own so that its memory is that of delivery alone:
 * `overload-main.ts {…OverloadPlan}` prints an OverloadResult as JSON.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { cpuSecondsOf } from '../../../bench/measure.ts';
import { type Batch, countOf, lineOf } from '../../../delivery/batch.ts';
import { Delivery } from '../../../delivery/delivery.ts';
import { classNumber, EVENT_CLASSES } from '../../../delivery/event-class.ts';
import { eventIdOf } from '../../../delivery/event-id.ts';
import type { Loss } from '../../../delivery/event-store.ts';
import { LossReports } from '../../../delivery/loss-reports.ts';
import { deliverySchema } from '../../../delivery/settings.ts';
import { openSinkQueue } from '../../../delivery/sink-queue.ts';
import type { Sink } from '../../../delivery/sinks/sink.ts';
import { openSpool } from '../../../delivery/spool/spool.ts';
import { EventLines, numberOfId } from './event-lines.ts';
import { ReadyLineWriter } from './line-writer.ts';
import { MemorySampler } from './memory-sampler.ts';
import {
  type ClassFate,
  gapLine,
  type OverloadPlan,
  type OverloadResult,
  readGapLine,
  SHAPES,
} from './overload-plan.ts';

/** Events are made in bursts this far apart, as packets come. */
const BURST_MILLIS = 5;
const BYTES_PER_MEBIBYTE = 1_048_576;
/** For hangs: what a spool holds is sent within seconds. */
const CLOSE_LIMIT_MILLIS = 300_000;
const GAP = classNumber('gap');

/** Takes so many events a second, and remembers each. */
class SlowSink implements Sink {
  readonly name = 'slow';
  readonly limits = { events: 2000, bytes: BYTES_PER_MEBIBYTE };
  readonly lost: Record<string, number> = {};
  /** By the event's number: how often it came. */
  readonly times: Uint8Array;
  gapEvents = 0;
  readonly #perSecond: number;
  readonly #gapIds = new Set<string>();

  constructor({ events, sinkPerSecond }: OverloadPlan) {
    this.times = new Uint8Array(events);
    this.#perSecond = sinkPerSecond;
  }

  async write(batch: Batch): Promise<void> {
    for (let index = 0; index < countOf(batch); index += 1) this.#take(lineOf(batch, index));
    await sleep((countOf(batch) / this.#perSecond) * 1000);
  }

  async close(): Promise<void> {
    return;
  }

  #take(line: Buffer): void {
    const id = eventIdOf(line) ?? '';
    const number = numberOfId(id);
    if (number !== undefined) {
      this.times[number] = (this.times[number] ?? 0) + 1;
      return;
    }
    if (this.#gapIds.has(id)) return;
    this.#gapIds.add(id);
    this.gapEvents += 1;
    const { reason, count } = readGapLine(line);
    this.lost[reason] = (this.lost[reason] ?? 0) + count;
  }
}

async function overload(plan: OverloadPlan): Promise<OverloadResult> {
  const sink = new SlowSink(plan);
  const settings = deliverySchema.parse({});
  const losses = new LossReports((loss) => reportLoss(loss));
  const { spool } = await openSpool({
    directory: plan.spoolDirectory,
    maxBytes: plan.spoolMebibytes * BYTES_PER_MEBIBYTE,
    dropOrder: settings.dropOrder,
    fsync: 'interval',
    fsyncMillis: 1000,
    onLoss: (loss) => losses.add(loss),
    onNotice: (notice) => process.stderr.write(`${notice}\n`),
  });
  const queue = openSinkQueue(sink, { settings, spool, losses, whenFull: 'drop' });
  const writer = new ReadyLineWriter();
  const delivery = new Delivery({ queues: [queue], batch: settings.batch }, writer);
  // As the agent does it: a loss is an event like others, of a class that is never dropped.
  let gaps = 0;
  const reportLoss = (loss: Loss) => {
    writer.writeLine(gapLine(gaps++, loss));
    delivery.commit(GAP);
  };
  delivery.start();

  const lines = new EventLines(SHAPES);
  const memory = new MemorySampler(process.pid);
  const from = performance.now();
  let highestSpoolBytes = 0;
  let made = 0;
  while (made < plan.events) {
    const owed = Math.min(plan.events, Math.floor(((performance.now() - from) * plan.perSecond) / 1000));
    for (; made < owed; made += 1) {
      writer.writeNumber(lines, made);
      delivery.commit(lines.classOf(made));
    }
    highestSpoolBytes = Math.max(highestSpoolBytes, queue.status.spoolBytes);
    await sleep(BURST_MILLIS);
  }
  const seconds = (performance.now() - from) / 1000;
  const cpuSeconds = cpuSecondsOf(process.pid);
  await delivery.close(AbortSignal.timeout(CLOSE_LIMIT_MILLIS));
  memory.stop();

  const byClass: Record<string, ClassFate> = {};
  let delivered = 0;
  let repeats = 0;
  for (const [number, times] of sink.times.entries()) {
    const name = EVENT_CLASSES[lines.classOf(number)] ?? '';
    const fate = byClass[name] ?? { made: 0, delivered: 0 };
    byClass[name] = { made: fate.made + 1, delivered: fate.delivered + (times > 0 ? 1 : 0) };
    delivered += times > 0 ? 1 : 0;
    repeats += Math.max(0, times - 1);
  }
  return {
    made,
    delivered,
    duplicates: repeats,
    lost: sink.lost,
    gapEvents: sink.gapEvents,
    byClass,
    madePerSecond: made / seconds,
    highestRssBytes: memory.highest,
    highestSpoolBytes,
    cpuMicros: (cpuSeconds / made) * 1e6,
  };
}

process.stdout.write(JSON.stringify(await overload(JSON.parse(process.argv[2] ?? ''))));
