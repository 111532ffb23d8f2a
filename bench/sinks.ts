import { spawn } from 'node:child_process';
import { join } from 'node:path';
import * as z from 'zod';
import { endWithUs, type TemporaryDirectory, temporaryDirectory } from '../test/support/leftovers.ts';
import { type KafkaServer, startKafka, whyNoKafka } from '../test/support/servers/kafka.ts';
import { NdjsonReceiver } from '../test/support/servers/ndjson-receiver.ts';
import { availableOpenSearchVersions, startOpenSearch } from '../test/support/servers/opensearch.ts';
import { OtelCollector, whyNoCollector } from '../test/support/servers/otel-collector.ts';
import { startRsyslog, whyNoRsyslog } from '../test/support/servers/rsyslog.ts';
import { bundle } from '../tools/bundle.ts';
import { costOf } from './measure.ts';
import { eventFile } from './ndjson.ts';
import { DIRECTORY } from './recordings.ts';
import type { WorkCost } from './stopwatch.ts';

/** With 200,000 each run takes ten seconds: `DBAUDIT_BENCH_EVENTS=200000` for figures to be published. */
const EVENTS = Number(process.env.DBAUDIT_BENCH_EVENTS ?? 50_000);
/** Of these the cheapest counts: noise of the machine only ever adds. */
const RUNS = 2;

const costSchema = z.object({
  events: z.int(),
  seconds: z.number(),
  cpuSeconds: z.number(),
  maxRssMebibytes: z.number(),
});

/** One way of the same events to a receiver. */
interface Way {
  readonly name: string;
  run(): Promise<WorkCost>;
}

/** A receiver and the ways to it, while it is there. */
interface Group {
  readonly name: string;
  /** Undefined where it can be started. */
  whyNot(): string | undefined;
  start(): Promise<{ readonly ways: readonly Way[]; stop(): Promise<void> }>;
}

const GROUPS: readonly Group[] = [
  { name: 'kafka', whyNot: () => whyNoKafka('4.3.1'), start: startKafkaWays },
  {
    name: 'opensearch',
    whyNot: () => (availableOpenSearchVersions().includes('3.8') ? undefined : 'OpenSearch 3.8 is not here'),
    async start() {
      const node = await startOpenSearch({ version: '3.8' });
      return { ways: bothWays('opensearch', { type: 'opensearch', urls: [node.url] }), stop: () => node.stop() };
    },
  },
  {
    name: 'http',
    whyNot: () => undefined,
    async start() {
      const receiver = await NdjsonReceiver.start();
      const sink = { type: 'http', url: receiver.url };
      const ways = [
        ...bothWays('http gzip', sink),
        ...bothWays('http zstd', { ...sink, compression: 'zstd' }),
        ...bothWays('http none', { ...sink, compression: 'none' }),
      ];
      return { ways, stop: () => receiver.stop() };
    },
  },
  {
    name: 'otlp',
    whyNot: whyNoCollector,
    async start() {
      const collector = await OtelCollector.start();
      return { ways: bothWays('otlp', { type: 'otlp', url: collector.url }), stop: () => collector.stop() };
    },
  },
  {
    name: 'syslog',
    whyNot: whyNoRsyslog,
    async start() {
      const receiver = await startRsyslog({ maxMessageSize: '64k' });
      return {
        ways: bothWays('syslog', { type: 'syslog', address: `127.0.0.1:${receiver.port}` }),
        stop: () => receiver.stop(),
      };
    },
  },
  {
    name: 'local',
    whyNot: () => undefined,
    async start() {
      const directory = temporaryDirectory('bench-file');
      const file = { type: 'file', path: join(directory.path, 'events.ndjson') };
      return {
        ways: [
          { name: 'file', run: () => ours(file, undefined) },
          { name: 'stdout to /dev/null', run: () => ours({ type: 'stdout' }, undefined) },
        ],
        stop: async () => directory.remove(),
      };
    },
  },
];

async function startKafkaWays(): Promise<{ readonly ways: readonly Way[]; stop(): Promise<void> }> {
  const broker = await startKafka({ version: '4.3.1' });
  const address = broker.address('plaintext');
  const topic = freshTopics(broker);
  const sink = async (compression: string) => ({
    type: 'kafka',
    brokers: [address],
    topic: await topic(),
    compression,
  });
  const file = eventFile(EVENTS);
  return {
    ways: [
      { name: 'kcat gzip', run: async () => kcat(`kcat -P -b ${address} -t ${await topic()} -z gzip -l ${file}`) },
      {
        name: 'kafkajs gzip, alone',
        run: async () => program('kafkajs-load', [address, await topic(), file]),
      },
      ...['gzip', 'zstd', 'none'].flatMap((compression) => [
        { name: `kafka ${compression}`, run: async () => ours(await sink(compression), undefined) },
        {
          name: `kafka ${compression}, spooled`,
          run: () => withSpool(async (spool) => ours(await sink(compression), spool)),
        },
      ]),
    ],
    stop: () => broker.stop(),
  };
}

/** Each run has a topic of its own: a broker is slower in a large one. */
function freshTopics(broker: KafkaServer): () => Promise<string> {
  let number = 0;
  return async () => {
    number += 1;
    const name = `audit-${number}`;
    await broker.createTopic(name);
    return name;
  };
}

function bothWays(name: string, sink: object): Way[] {
  return [
    { name, run: () => ours(sink, undefined) },
    { name: `${name}, spooled`, run: () => withSpool((spool) => ours(sink, spool)) },
  ];
}

async function withSpool(use: (spool: string) => Promise<WorkCost>): Promise<WorkCost> {
  const directory: TemporaryDirectory = temporaryDirectory('bench-spool');
  try {
    return await use(directory.path);
  } finally {
    directory.remove();
  }
}

function ours(sink: object, spool: string | undefined): Promise<WorkCost> {
  return program('sink-load', [JSON.stringify({ sink, spool }), `${EVENTS}`]);
}

/** A program of this folder, bundled as the agent is, which measures itself and prints the cost on descriptor 3. */
async function program(name: 'kafkajs-load' | 'sink-load', words: readonly string[]): Promise<WorkCost> {
  const path = `${DIRECTORY}/${name}.mjs`;
  bundles.set(name, bundles.get(name) ?? bundle(join(import.meta.dirname, `${name}.ts`), path));
  await bundles.get(name);
  const child = spawn(process.execPath, [path, ...words], {
    stdio: ['ignore', 'ignore', 'inherit', 'pipe'],
  });
  endWithUs(child);
  let said = '';
  child.stdio[3]?.on('data', (text: Buffer) => {
    said += text.toString();
  });
  const code = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code !== 0) throw new Error(`${name} ended with ${code}`);
  return costSchema.parse(JSON.parse(said));
}

/** Made once a run. */
const bundles = new Map<string, Promise<unknown>>();

function kcat(command: string): WorkCost {
  const { userSeconds, systemSeconds, wallSeconds, maxRssMebibytes } = costOf(command);
  return { events: EVENTS, seconds: wallSeconds, cpuSeconds: userSeconds + systemSeconds, maxRssMebibytes };
}

/** The same events of 1 KB through every sink, with and without a spool, beside kcat and kafkajs. */
export async function benchSinks(names: readonly string[]): Promise<void> {
  process.stdout.write(`${EVENTS} events of 1 KB; CPU is user and system of all threads of the sending process\n`);
  let kcatMicros: number | undefined;
  for (const group of GROUPS.filter(({ name }) => names.length === 0 || names.includes(name))) {
    const reason = group.whyNot();
    if (reason !== undefined) {
      process.stdout.write(`${group.name}: left out: ${reason}\n`);
      continue;
    }
    const { ways, stop } = await group.start();
    try {
      for (const way of ways) {
        const cost = await cheapestOf(way);
        const cpuMicros = (cost.cpuSeconds / cost.events) * 1e6;
        kcatMicros ??= cpuMicros;
        process.stdout.write(describe(way.name, cost, group.name === 'kafka' ? cpuMicros / kcatMicros : undefined));
      }
    } finally {
      await stop();
    }
  }
}

async function cheapestOf(way: Way): Promise<WorkCost> {
  let cheapest: WorkCost | undefined;
  for (let run = 0; run < RUNS; run += 1) {
    const cost = await way.run();
    if (cheapest === undefined || cost.cpuSeconds < cheapest.cpuSeconds) cheapest = cost;
  }
  if (cheapest === undefined) throw new RangeError('nothing was run');
  return cheapest;
}

function describe(name: string, cost: WorkCost, toKcat: number | undefined): string {
  const { events, seconds, cpuSeconds, maxRssMebibytes } = cost;
  const columns = [
    name.padEnd(24),
    `${Math.round(events / seconds)} events/s`.padStart(16),
    `${((cpuSeconds / events) * 1e6).toFixed(1)} µs CPU an event`.padStart(22),
    `${maxRssMebibytes.toFixed(0)} MiB`.padStart(8),
    toKcat === undefined ? '' : `${toKcat.toFixed(2)} times kcat`.padStart(17),
  ];
  return `${columns.join(' ')}\n`;
}
