/**
 * `sink-load.ts {"sink": {…}, "spool": DIRECTORY} EVENTS`: so many events through the whole of Delivery into one sink, as fast
 * as it takes them. They are those of `eventFile`, written where the agent's encoder would write them. Prints its cost as JSON
 * on descriptor 3.
 */
import { writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import { Delivery } from '../delivery/delivery.ts';
import { classNumber } from '../delivery/event-class.ts';
import { openDeliveries } from '../delivery/open-deliveries.ts';
import { deliverySchema } from '../delivery/settings.ts';
import { openSinks, sinkSchema } from '../delivery/sinks/index.ts';
import { EventLines } from '../test/support/delivery/event-lines.ts';
import { ReadyLineWriter } from '../test/support/delivery/line-writer.ts';
import { BENCH_SHAPES } from './event-shapes.ts';
import { Stopwatch } from './stopwatch.ts';

/** How much may be under way: what waits must neither run out nor be dropped. */
const WINDOW_BYTES = 4_194_304;
/** How often that is looked at. */
const LOOK_EVERY = 250;
const PAUSE_MILLIS = 1;
const CLOSE_LIMIT_MILLIS = 60_000;
const READ = classNumber('read');

const [plan = '', events = ''] = process.argv.slice(2);
const { sink: settings, spool } = z
  .strictObject({ sink: sinkSchema, spool: z.string().optional() })
  .parse(JSON.parse(plan));
const fail = (problem: unknown) => {
  throw new Error(JSON.stringify(problem));
};
const sinks = await openSinks([settings], { instanceId: 'bench', onNotice: fail });
const config = {
  format: 'native' as const,
  sinks: [settings],
  delivery: deliverySchema.parse(spool === undefined ? {} : { spool: { directory: spool } }),
};
const [format] = await openDeliveries(config, sinks, {
  onNotice: fail,
  onLoss: (_, loss) => fail(loss),
  onProblem: (_, problem) => fail(problem),
  onFailed: (_, error) => fail(error.message),
});
if (format === undefined) throw new Error('there is no delivery');
const writer = new ReadyLineWriter();
const delivery = new Delivery(format.options, writer);
delivery.start();

const waitingBytes = () => delivery.statuses.reduce((sum, status) => sum + status.waitingBytes, 0);
const lines = new EventLines(BENCH_SHAPES);
const watch = new Stopwatch();
const count = Number(events);
for (let number = 0; number < count; number += 1) {
  writer.writeNumber(lines, number);
  delivery.commit(READ);
  if (number % LOOK_EVERY === 0) while (waitingBytes() > WINDOW_BYTES) await sleep(PAUSE_MILLIS);
}
const lost = await delivery.close(AbortSignal.timeout(CLOSE_LIMIT_MILLIS));
const cost = watch.read(count);
if (lost.length > 0) fail(lost);
writeSync(3, JSON.stringify(cost));
