import { execFileSync } from 'node:child_process';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { VERSION } from '../../../contract/version.ts';
import { PoisonBatch, WrongConfiguration } from '../../../delivery/sinks/failure.ts';
import { otlpSink } from '../../../delivery/sinks/otlp.ts';
import type { Sink } from '../../../delivery/sinks/sink.ts';
import { auditEvent } from '../../support/audit-events.ts';
import { batchOf } from '../../support/delivery/test-batch.ts';
import { parseEvents } from '../../support/events.ts';
import { AGENT } from '../../support/live-agent.ts';
import { NdjsonReceiver } from '../../support/servers/ndjson-receiver.ts';
import { OtelCollector, type ReceivedRecord, whyNoCollector } from '../../support/servers/otel-collector.ts';

const RECORDING = 'tools/demo/recording.pcap.gz';
const PATIENT_MILLIS = 120_000;
const LARGEST_OUTPUT_BYTES = 67_108_864;
const absent = whyNoCollector();
if (absent !== undefined) process.stderr.write(`left out: ${absent}\n`);
const withCollector = absent === undefined ? describe : describe.skip;

let collector: OtelCollector;
let sinks: Sink[] = [];
const notices: string[] = [];

function open(settings: object): Sink {
  const all = otlpSink.schema.parse({ type: 'otlp', requestTimeoutMillis: PATIENT_MILLIS, ...settings });
  const sink = otlpSink.open(all, { instanceId: 'instance-1', onNotice: (message) => notices.push(message) });
  sinks.push(sink);
  return sink;
}

function write(sink: Sink, lines: readonly string[]) {
  return sink.write(batchOf(lines), new AbortController().signal);
}

/** What the agent makes of a recording of all databases: logins, failures, statements of every kind. */
function recordedLines(): string[] {
  const { NODE_OPTIONS: _, ...env } = process.env;
  const ndjson = execFileSync(AGENT, ['replay', RECORDING], {
    env,
    encoding: 'utf8',
    maxBuffer: LARGEST_OUTPUT_BYTES,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return ndjson.trimEnd().split('\n');
}

function values(record: ReceivedRecord | undefined): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(record?.attributes ?? {}).map(([key, value]) => [key, Object.values(value)[0]]),
  );
}

afterEach(async () => {
  await Promise.all(sinks.map((sink) => sink.close()));
  sinks = [];
});

withCollector('an OpenTelemetry collector', () => {
  beforeAll(async () => {
    collector = await OtelCollector.start();
  });
  afterAll(() => collector.stop());
  beforeEach(() => {
    collector.records.length = 0;
    collector.backendAnswers(200);
  });

  test('has every event of a recording, in order', async () => {
    const lines = recordedLines();
    const events = parseEvents(Buffer.from(`${lines.join('\n')}\n`));
    expect(new Set(events.map(({ event }) => event.action)).size).toBeGreaterThan(5);
    const sink = open({ url: collector.url });
    for (let at = 0; at < lines.length; at += 400) await write(sink, lines.slice(at, at + 400));
    expect(collector.records.map(({ body }) => body)).toEqual(lines);
    collector.records.forEach((record, index) => {
      const event = events[index];
      expect(record.eventName).toBe(event?.event.action);
      expect(BigInt(record.time) / 1_000_000n).toBe(BigInt(Date.parse(event?.['@timestamp'] ?? '')));
      expect(record.severityText).toBe(event?.event.outcome === 'failure' ? 'WARN' : 'INFO');
      expect(values(record)).toMatchObject({
        'log.record.uid': event?.event.id,
        'event.outcome': event?.event.outcome,
        'event.sequence': String(event?.event.sequence),
        'db.system.name': event?.db?.system.name,
        ...(event?.db?.query?.text === undefined ? {} : { 'db.query.text': event.db.query.text }),
        ...(event?.error === undefined ? {} : { 'error.type': event.error.code, 'error.message': event.error.message }),
      });
    });
  });

  test('has each member where the conventions put it', async () => {
    const event = auditEvent({
      db: { query: { text: 'SELECT ’€\u{1f600}', parameter: { 0: '42', 1: null } } },
      rest: { error: { code: '1146', message: 'no such table' } },
    });
    await write(open({ url: collector.url, compression: 'none', resource: { 'k8s.cluster.name': 'north' } }), [
      JSON.stringify(event),
    ]);
    const [record] = collector.records;
    expect(record).toMatchObject({ time: '1767323045678901234', scope: `dbaudit ${VERSION}`, severityNumber: 9 });
    expect(record?.resource).toEqual({
      'service.name': { stringValue: 'dbaudit-agent' },
      'service.version': { stringValue: VERSION },
      'service.instance.id': { stringValue: 'instance-1' },
      'k8s.cluster.name': { stringValue: 'north' },
      'k8s.namespace.name': { stringValue: 'shop' },
      'k8s.pod.name': { stringValue: 'orders-7d9f8-abcde' },
    });
    expect(record?.attributes).toMatchObject({
      'db.query.text': { stringValue: 'SELECT ’€\u{1f600}' },
      'db.query.parameter.0': { stringValue: '42' },
      'db.namespace': { stringValue: 'shop' },
      'db.operation.name': { stringValue: 'SELECT' },
      'db.response.status_code': { stringValue: '0' },
      'db.response.returned_rows': { intValue: '1' },
      'error.type': { stringValue: '1146' },
      'client.address': { stringValue: '10.244.0.7' },
      'client.port': { intValue: '40000' },
      'server.address': { stringValue: '10.96.0.10' },
      'user.name': { stringValue: 'app' },
      'dbaudit.statement.tables': { arrayValue: { values: [{ stringValue: 'orders' }] } },
    });
    expect(record?.attributes).not.toHaveProperty(['db.query.parameter.1']);
  });

  test('has gaps above everything else', async () => {
    const gap = auditEvent({
      event: { action: 'db.gap', outcome: 'unknown', reason: 'output-full' },
      capture: { gap_events: 17, sink: 'otlp' },
    });
    await write(open({ url: collector.url }), [JSON.stringify(gap)]);
    expect(collector.records[0]).toMatchObject({ severityText: 'ERROR', severityNumber: 17, eventName: 'db.gap' });
    expect(values(collector.records[0])).toMatchObject({
      'event.reason': 'output-full',
      'dbaudit.capture.gap_events': '17',
      'dbaudit.capture.sink': 'otlp',
    });
  });

  test('is killed and comes back', async () => {
    const sink = open({ url: collector.url });
    await write(sink, [JSON.stringify(auditEvent({ sequence: 1 }))]);
    await collector.kill9();
    const second = [JSON.stringify(auditEvent({ sequence: 2 }))];
    await expect(write(sink, second)).rejects.toMatchObject({ name: 'TryAgain', code: 'DBA4005' });
    await collector.restart();
    await write(sink, second);
    expect(collector.records.map((record) => values(record)['event.sequence'])).toEqual(['1', '2']);
  });

  test.each([
    [503, { name: 'TryAgain', code: 'DBA4007' }],
    [429, { name: 'TryAgain', code: 'DBA4007' }],
  ])('has a backend that answers %d: it is tried again', async (status, failure) => {
    collector.backendAnswers(status);
    await expect(write(open({ url: collector.url }), [JSON.stringify(auditEvent())])).rejects.toMatchObject(failure);
    expect(collector.records).toEqual([]);
  });

  test('has nothing at another path', async () => {
    const failure = write(open({ url: `${collector.url}/v1/nothing` }), [JSON.stringify(auditEvent())]);
    await expect(failure).rejects.toMatchObject({ name: 'WrongConfiguration', code: 'DBA4003' });
    await expect(failure).rejects.toThrow('/v1/nothing');
  });
});

withCollector('a collector that wants to know us', () => {
  beforeAll(async () => {
    collector = await OtelCollector.start('mutual');
  });
  afterAll(() => collector.stop());

  const tls = (file: (name: string) => string) => ({
    caFile: file('ca.crt'),
    certFile: file('client.crt'),
    keyFile: file('client.key'),
  });
  const lines = [JSON.stringify(auditEvent())];

  test('takes events by TLS', async () => {
    await write(open({ url: collector.url, tls: tls((name) => collector.authority.path(name)) }), lines);
    expect(collector.records.map(({ body }) => body)).toEqual(lines);
  });

  test.each([
    ['an unknown authority', { caFile: undefined }, 'DBA4002'],
    ['no certificate of ours', { certFile: undefined, keyFile: undefined }, 'DBA4001'],
    ['another name', { serverName: 'elsewhere' }, 'DBA4009'],
  ])('%s: it is said', async (_, change, code) => {
    const sink = open({ url: collector.url, tls: { ...tls((name) => collector.authority.path(name)), ...change } });
    const failure = write(sink, lines);
    await expect(failure).rejects.toBeInstanceOf(WrongConfiguration);
    await expect(failure).rejects.toMatchObject({ code });
  });

  test('is addressed without TLS', async () => {
    const failure = write(open({ url: collector.url.replace('https:', 'http:') }), lines);
    // It says so and closes at once; whether we hear it is a matter of luck. Nothing is taken for poison in either case.
    await expect(failure).rejects.toThrow(/TLS/);
    await expect(failure).rejects.not.toBeInstanceOf(PoisonBatch);
  });
});

/** What the collector itself never says, though the protocol has it: from a receiver that answers as it is told. */
describe('another receiver of the protocol', () => {
  let receiver: NdjsonReceiver;
  const lines = [1, 2, 3].map((sequence) => JSON.stringify(auditEvent({ sequence })));

  beforeAll(async () => {
    receiver = await NdjsonReceiver.start();
  });
  afterAll(() => receiver.stop());

  async function answer(body: object | string, status?: number): Promise<Sink> {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    await receiver.behave({ answer: text, ...(status === undefined ? {} : { status }) });
    return open({ url: receiver.url });
  }

  test('takes all', async () => {
    expect(await write(await answer({}), lines)).toBeUndefined();
    expect(await write(await answer({ partialSuccess: {} }), lines)).toBeUndefined();
    expect(await write(await answer(''), lines)).toBeUndefined();
  });

  test('rejects all', async () => {
    const sink = await answer({ partialSuccess: { rejectedLogRecords: '3', errorMessage: 'too old' } });
    expect(await write(sink, lines)).toEqual({
      refused: [0, 1, 2].map((index) => ({ index, reason: 'rejected: too old' })),
      again: [],
    });
  });

  test('rejects one and does not say which', async () => {
    const sink = await answer({ partialSuccess: { rejectedLogRecords: 1, errorMessage: 'too old' } });
    const taken = await write(sink, lines);
    expect(taken?.again).toEqual([]);
    expect(taken?.refused.map(({ index }) => index)).toEqual([0, 1, 2]);
    expect(taken?.refused[0]?.reason).toContain('1 of 3 records');
  });

  test('warns: a person hears of it once', async () => {
    notices.length = 0;
    const sink = await answer({ partialSuccess: { errorMessage: 'use the new address' } });
    await write(sink, lines);
    await write(sink, lines);
    expect(notices).toEqual([expect.stringContaining('use the new address')]);
  });

  test('answers 400: it is about this batch', async () => {
    await expect(write(await answer({ code: 3, message: 'bad' }, 400), lines)).rejects.toThrow(PoisonBatch);
  });

  test('answers 500, which its protocol calls final: nothing is dropped, and a person is told', async () => {
    const failure = write(await answer({ message: 'broken' }, 500), lines);
    await expect(failure).rejects.toMatchObject({ name: 'WrongConfiguration', code: 'DBA4010' });
    await expect(failure).rejects.toThrow('broken');
  });
});
