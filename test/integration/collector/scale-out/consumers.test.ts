import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Producer } from '@platformatic/kafka';
import pino from 'pino';
import * as z from 'zod';
import { kafkaSourceSchema } from '../../../../collector/ingest/kafka/settings.ts';
import { startKafkaSource } from '../../../../collector/ingest/kafka.ts';
import type { EventStore, Histogram, Top } from '../../../../collector/store/event-store.ts';
import { MEASURES } from '../../../../collector/store/event-store.ts';
import { openOpenSearchStore } from '../../../../collector/store/opensearch/opensearch-store.ts';
import { openSearchStoreSchema } from '../../../../collector/store/opensearch/settings.ts';
import type { AuditEvent } from '../../../../contract/audit-event.ts';
import { EVERYTHING, type Filter } from '../../../../contract/filter.ts';
import { joinLines } from '../../../../delivery/batch.ts';
import { kafkaSink } from '../../../../delivery/sinks/kafka.ts';
import { BusyEvents } from '../../../support/collector/busy-events.ts';
import { OpenStore } from '../../../support/collector/open-store.ts';
import { endWithUs, temporaryDirectory } from '../../../support/leftovers.ts';
import { type KafkaServer, startKafka } from '../../../support/servers/kafka.ts';
import { KAFKA_USER } from '../../../support/servers/kafka-settings.ts';
import { type OpenSearch, startOpenSearch } from '../../../support/servers/opensearch.ts';

const FULL = process.env.DBAUDIT_COLLECTOR_SCALE === 'full';
const EVENTS = FULL ? 200_000 : 6_000;
const TOPIC = 'audit';
const PARTITIONS = 6;
const SINK_BATCH = 1_000;
const APPEND_BATCH = 5_000;
/** What is waited for, at most; a hang fails. */
const HANG_MILLIS = FULL ? 900_000 : 240_000;
const NEVER = new AbortController().signal;
const START = BigInt(Date.parse('2026-10-31T22:00:00Z')) * 1_000_000n;
/** Over the end of a month, so that there are two indexes. */
const SPAN_SECONDS = 4 * 3_600;
const RANGE = { from: Date.parse('2026-10-31T21:30:00Z'), to: Date.parse('2026-11-01T02:30:00Z') };

let kafka: KafkaServer;
let search: OpenSearch;
let store: EventStore;
const duck = new OpenStore();
const consumers = new Set<ConsumingProcess>();
const events = made();

beforeAll(async () => {
  [kafka, search] = await Promise.all([startKafka(), startOpenSearch({ version: '3.8' })]);
  await kafka.createTopic(TOPIC, { partitions: PARTITIONS });
  store = openOpenSearchStore({ settings: storeSettings(), log: pino({ level: 'silent' }) });
});

afterAll(async () => {
  for (const consumer of consumers) await consumer.kill9();
  await store?.close();
  await duck.remove();
  await Promise.all([kafka?.stop(), search?.stop()]);
});

function storeSettings() {
  return openSearchStoreSchema.parse({
    type: 'opensearch',
    urls: [search.url],
    indexSettings: { number_of_replicas: 0 },
  });
}

function made(): readonly AuditEvent[] {
  const eventsPerSecond = EVENTS / SPAN_SECONDS;
  const own = new BusyEvents({ seed: 7, agent: 1, from: START, eventsPerSecond }).take(EVENTS);
  return own.map((event, index) => (index % 50 === 0 ? failed(event) : event));
}

function failed(event: AuditEvent): AuditEvent {
  return {
    ...event,
    event: { ...event.event, outcome: 'failure', duration: 1_500_000_000 },
    error: { code: '1064', message: 'You have an error in your SQL syntax' },
  };
}

/** A collector's way of events, in a process of its own. */
class ConsumingProcess {
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  #taken = 0;
  #onTaken: () => void = () => undefined;

  constructor() {
    const source = kafkaSourceSchema.parse({
      type: 'kafka',
      brokers: [kafka.address('plaintext')],
      topics: [TOPIC],
      sessionTimeoutMillis: 6_000,
    });
    const script = join(import.meta.dirname, '../../../support/collector/consuming-process.ts');
    this.#child = spawn(process.execPath, [script, JSON.stringify({ source, store: storeSettings() })], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    endWithUs(this.#child);
    consumers.add(this);
    this.#ended = new Promise((resolve) => this.#child.once('close', () => resolve()));
    if (this.#child.stdout === null) throw new Error('no output');
    createInterface({ input: this.#child.stdout }).on('line', (line) => {
      this.#taken = Number(line.replace('taken ', ''));
      this.#onTaken();
    });
  }

  get taken(): number {
    return this.#taken;
  }

  /** Settles once it has added so many events. */
  async untilTaken(count: number): Promise<void> {
    while (this.#taken < count) {
      await new Promise<void>((resolve) => {
        this.#onTaken = resolve;
      });
    }
  }

  async kill9(): Promise<void> {
    consumers.delete(this);
    this.#child.kill('SIGKILL');
    await this.#ended;
  }

  async stop(): Promise<void> {
    consumers.delete(this);
    this.#child.kill('SIGTERM');
    await this.#ended;
  }
}

async function produce(own: readonly AuditEvent[]): Promise<void> {
  const settings = kafkaSink.schema.parse({
    type: 'kafka',
    brokers: [kafka.address('plaintext')],
    topic: TOPIC,
    compression: 'zstd',
  });
  const sink = await kafkaSink.open(settings, { onNotice: () => undefined, instanceId: 'test' });
  for (let start = 0; start < own.length; start += SINK_BATCH) {
    const lines = own
      .slice(start, start + SINK_BATCH)
      .map((event) => ({ line: Buffer.from(`${JSON.stringify(event)}\n`), classNumber: 0 }));
    await sink.write(joinLines(lines), NEVER);
  }
  await sink.close();
}

const idsReply = z.object({ hits: z.object({ hits: z.array(z.object({ _id: z.string() })) }) });

/** Every id that is in the indexes, as often as it is there. */
async function idsInOpenSearch(): Promise<readonly string[]> {
  const ids: string[] = [];
  for (let after: string | undefined; ; ) {
    const { body } = await search.request('POST', 'dbaudit-kept-*/_search', {
      size: 10_000,
      _source: false,
      sort: [{ 'event.id': 'asc' }],
      ...(after === undefined ? {} : { search_after: [after] }),
    });
    const { hits } = idsReply.parse(body).hits;
    ids.push(...hits.map(({ _id }) => _id));
    after = hits.at(-1)?._id;
    if (hits.length < 10_000) return ids;
  }
}

test(
  'of two consumers one is killed: every event is there, once',
  async () => {
    const started = Date.now();
    const producing = produce(events);
    const first = new ConsumingProcess();
    const second = new ConsumingProcess();
    await Promise.all([first.untilTaken(EVENTS / 20), second.untilTaken(EVENTS / 20)]);
    await first.kill9();
    const atDeath = first.taken;
    expect(atDeath + second.taken).toBeLessThan(EVENTS);
    const third = new ConsumingProcess();
    await producing;
    const deadline = Date.now() + HANG_MILLIS;
    let count = 0;
    while (count < EVENTS && Date.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 250));
      count = await search.count('dbaudit-kept-*');
    }
    await Promise.all([second.stop(), third.stop()]);
    const seconds = (Date.now() - started) / 1_000;
    process.stderr.write(
      `scale-out: ${EVENTS} events in ${seconds.toFixed(1)} s; killed after ${atDeath}, the others added ${second.taken} and ${third.taken}\n`,
    );
    expect(await search.count('dbaudit-kept-*')).toBe(EVENTS);
    expect([...(await idsInOpenSearch())].sort()).toEqual(events.map(({ event }) => event.id).sort());
    expect((await store.status()).partitions).toBe(2);
  },
  HANG_MILLIS + 60_000,
);

const FILTERS: readonly Filter[] = [
  EVERYTHING,
  { kind: 'is', field: 'event.outcome', values: ['failure'] },
  { kind: 'words', text: 'orders CUSTOMER_ID' },
  { kind: 'matches', field: 'db.query.text', expression: '\\bstock\\b.*\\d{4}' },
  {
    kind: 'all',
    of: [
      { kind: 'within', field: 'client.ip', range: '10.244.2.0/23' },
      { kind: 'not', filter: { kind: 'is', field: 'dbaudit.statement.tables', values: ['products', 'carts'] } },
    ],
  },
  { kind: 'range', field: 'event.duration', over: 1_000_000_000 },
  { kind: 'like', field: 'dbaudit.client.k8s.pod', pattern: 'orders-*xx?' },
];

/** Without what only the collector that took it knows. */
function plain({ event: { ingested: _, ...event }, ...rest }: AuditEvent): unknown {
  return { ...rest, event };
}

async function allPages(own: EventStore, filter: Filter, order: 'newest' | 'oldest'): Promise<readonly unknown[]> {
  const found: unknown[] = [];
  let cursor: string | undefined;
  for (let pages = 0; pages < 3; pages += 1) {
    const page = await own.search({
      range: RANGE,
      filter,
      order,
      limit: 700,
      ...(cursor === undefined ? {} : { cursor }),
    });
    found.push(...page.events.map(plain));
    cursor = page.cursor;
    if (cursor === undefined) break;
  }
  return found;
}

test('OpenSearch and DuckDB give the same answers', async () => {
  const embedded = await duck.open();
  for (let start = 0; start < events.length; start += APPEND_BATCH) {
    await embedded.append(events.slice(start, start + APPEND_BATCH), 'test');
  }
  let found = 0;
  for (const [number, filter] of FILTERS.entries()) {
    const selection = { range: RANGE, filter };
    const totals = await store.totals(selection);
    expect({ filter, totals }).toEqual({ filter, totals: await embedded.totals(selection) });
    found += totals.events;
    for (const order of ['newest', 'oldest'] as const) {
      expect(await allPages(store, filter, order)).toEqual(await allPages(embedded, filter, order));
    }
    for (const [index, measure] of MEASURES.entries()) {
      if ((index + number) % 3 !== 0) continue;
      const by = [undefined, 'dbaudit.statement.tables', 'user.name', 'client.ip', 'event.outcome'][index % 5];
      const histogram = { ...selection, stepSeconds: 900, measure, lines: 3, ...(by === undefined ? {} : { by }) };
      expect({ histogram, answer: await store.histogram(histogram) }).toEqual({
        histogram,
        answer: await embedded.histogram(histogram),
      });
      const fields = [
        ['dbaudit.statement.tables'],
        ['user.name', 'db.operation.name'],
        ['db.query.text'],
        ['client.ip', 'dbaudit.statement.tables', 'error.code'],
        ['db.response.returned_rows'],
        ['dbaudit.session.captured_from_start', 'dbaudit.statement.class'],
      ][index % 6];
      const top = { ...selection, fields: fields ?? [], measure, limit: 7 };
      const [answer, expected] = [await store.top(top), await embedded.top(top)];
      expect({ top, rows: answer.rows }).toEqual({ top, rows: expected.rows });
      // Thousands are estimated.
      expect(Math.abs(answer.distinct - expected.distinct)).toBeLessThanOrEqual(expected.distinct * 0.01);
    }
  }
  expect(found).toBeGreaterThan(EVENTS);
});

test('what is appended again is left out, within a batch and of what is kept', async () => {
  const [one, two, three] = new BusyEvents({ seed: 8, agent: 2, from: START, eventsPerSecond: 1 }).take(3);
  if (one === undefined || two === undefined || three === undefined) throw new Error('no events');
  expect(await store.append([one, two, one], 'test')).toEqual({ added: [one, two], repeated: 1 });
  expect(await store.append([two, three], 'test')).toEqual({ added: [three], repeated: 1 });
});

test('a source says in words what is wrong, and a message that is no event does not stop it', async () => {
  const directory = temporaryDirectory('kafka-source');
  const notices: string[] = [];
  const taken: string[] = [];
  const open = (settings: object) =>
    startKafkaSource(
      kafkaSourceSchema.parse({ type: 'kafka', brokers: [kafka.address('plaintext')], topics: ['few'], ...settings }),
      {
        take: async (own, chain) => {
          taken.push(...own.map(({ event }) => `${chain} ${event.id}`));
          return { added: own, repeated: 0 };
        },
        log: pino({ level: 'silent' }),
        onNotice: (notice) => notices.push(notice),
      },
    );
  try {
    const topicless = await open({ topics: ['nowhere'] });
    await until(() => notices.length === 1);
    expect(topicless.status()).toMatchObject({ problem: expect.stringContaining('there is no topic nowhere') });
    await topicless.stop();
    writeFileSync(`${directory.path}/password`, 'a-wrong-secret');
    const sasl = { mechanism: 'scram-sha-256', username: KAFKA_USER, passwordFile: `${directory.path}/password` };
    const stranger = await open({ brokers: [kafka.address('sasl')], sasl });
    await until(() => notices.length === 2);
    expect(notices[1]).toContain(`user ${KAFKA_USER} is not accepted with SASL SCRAM-SHA-256`);
    expect(notices[1]).not.toContain('a-wrong-secret');
    await stranger.stop();
    await kafka.createTopic('few', { partitions: 1 });
    const [one, two] = events;
    if (one === undefined || two === undefined) throw new Error('no events');
    const producer = new Producer({ clientId: 'test', bootstrapBrokers: [kafka.address('plaintext')] });
    await producer.send({
      messages: [JSON.stringify(one), 'no JSON', '{}', JSON.stringify(two)].map((value) => ({
        topic: 'few',
        value: Buffer.from(value),
      })),
    });
    await producer.close();
    const source = await open({});
    await until(() => taken.length === 2);
    expect(taken).toEqual([one, two].map(({ event }) => `kafka/few/0 ${event.id}`));
    expect(source.status()).toMatchObject({ partitions: 1, events: 2, refused: 2 });
    await source.stop();
    // What is committed is not read again.
    const next = await open({});
    await until(() => next.status().partitions === 1);
    await next.stop();
    expect(taken).toHaveLength(2);
    expect(notices).toHaveLength(2);
  } finally {
    directory.remove();
  }
});

async function until(isSo: () => boolean): Promise<void> {
  for (const deadline = Date.now() + HANG_MILLIS; !isSo() && Date.now() < deadline; ) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  expect(isSo()).toBe(true);
}

test('what cannot be grouped by is said, and an answer that is empty is one', async () => {
  const selection = { range: RANGE, filter: EVERYTHING };
  await expect(
    store.top({ ...selection, fields: ['db.query.parameter.0'], measure: 'events', limit: 5 }),
  ).rejects.toThrow('db.query.parameter.0 holds values by name');
  const nothing = { range: { from: 0, to: 60_000 }, filter: EVERYTHING };
  const empty: [Histogram, Top] = [
    await store.histogram({ ...nothing, stepSeconds: 60, measure: 'events' }),
    await store.top({ ...nothing, fields: ['user.name'], measure: 'events', limit: 5 }),
  ];
  expect(empty).toEqual([
    { steps: [0], lines: [{ value: '', counts: [0] }] },
    { rows: [], distinct: 0 },
  ]);
});
