import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { readConfig } from '../../../agent/config.ts';
import { JsonWriter } from '../../../agent/encode/json-writer.ts';
import { Delivery } from '../../../delivery/delivery.ts';
import { classNumber } from '../../../delivery/event-class.ts';
import { type DeliveryReports, openDeliveries } from '../../../delivery/open-deliveries.ts';
import type { Sink } from '../../../delivery/sinks/sink.ts';
import { temporaryDirectory } from '../../support/leftovers.ts';

const MEBIBYTE = 1_048_576;
const LINE = `{"event":{"id":"a-1"},"filler":"${'x'.repeat(1000)}"}`;
const OVER = AbortSignal.timeout(0);

let directory: ReturnType<typeof temporaryDirectory>;
beforeEach(() => {
  directory = temporaryDirectory('open-deliveries');
});
afterEach(() => directory.remove());

/** Its receiver is away. */
function deadSink(name: string): Sink {
  return {
    name,
    limits: { events: 100, bytes: MEBIBYTE },
    write: (_, signal) =>
      new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('away')), { once: true })),
    close: () => Promise.resolve(),
  };
}

function configOf(spool: object, ...names: string[]) {
  const sinks = names.map((name) => ({ type: 'http', name, url: 'http://127.0.0.1:1/' }));
  return readConfig({ sinks, delivery: { spool: { directory: join(directory.path, 'spool'), ...spool } } }, {});
}

function reportsInto(notices: string[]): DeliveryReports {
  return {
    onNotice: (message) => notices.push(message),
    onLoss: () => undefined,
    onProblem: () => undefined,
    onFailed: () => undefined,
  };
}

function bytesIn(path: string): number {
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}

async function fill(deliveries: readonly Delivery[], writers: readonly JsonWriter[], events: number) {
  for (let event = 0; event < events; event++) {
    deliveries.forEach((delivery, index) => {
      writers[index]?.ascii(`${LINE}\n`);
      delivery.commit(classNumber('read'));
    });
    if (event % 500 === 0) await sleep(1);
  }
}

describe('openDeliveries', () => {
  test('all sinks together keep to the bound of their volume', async () => {
    const config = configOf({ totalMebibytes: 4 }, 'first', 'second');
    const formats = await openDeliveries(config, ['first', 'second'].map(deadSink), reportsInto([]));
    expect(formats.map(({ format, options }) => [format, options.queues.length])).toEqual([['native', 2]]);
    const writers = formats.map(() => new JsonWriter(0));
    const deliveries = formats.map(({ options }, index) => new Delivery(options, writers[index] ?? new JsonWriter(0)));
    for (const delivery of deliveries) delivery.start();
    await fill(deliveries, writers, 10_000);
    await Promise.all(deliveries.map((delivery) => delivery.close(OVER)));
    const bytes = bytesIn(directory.path);
    expect(bytes).toBeLessThanOrEqual(4 * MEBIBYTE);
    expect(bytes).toBeGreaterThan(2 * MEBIBYTE);
    expect(deliveries.flatMap(({ statuses }) => statuses).map(({ droppedEvents }) => droppedEvents > 0)).toEqual([
      true,
      true,
    ]);
  });

  test('a spool that cannot be used is said, and events wait in memory', async () => {
    mkdirSync(join(directory.path, 'spool'));
    writeFileSync(join(directory.path, 'spool', 'only'), 'a file');
    const notices: string[] = [];
    const [format] = await openDeliveries(configOf({}, 'only'), [deadSink('only')], reportsInto(notices));
    expect(notices.join()).toMatch(/spool .*only.*; events for only wait in memory until it can be used/);
    const writer = new JsonWriter(0);
    const delivery = new Delivery(
      format?.options ?? { queues: [], batch: { events: 1, bytes: 1, ageMillis: 1 } },
      writer,
    );
    delivery.start();
    await fill([delivery], [writer], 10);
    expect(await delivery.close(OVER)).toEqual([{ sink: 'only', events: 10 }]);
  });
});
