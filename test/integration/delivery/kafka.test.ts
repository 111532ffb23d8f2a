import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { AclOperations, AclPermissionTypes, ResourcePatternTypes, ResourceTypes } from '@platformatic/kafka';
import { type Batch, joinLines } from '../../../delivery/batch.ts';
import { eventIdOf } from '../../../delivery/event-id.ts';
import { PoisonBatch, TryAgain, WrongConfiguration } from '../../../delivery/sinks/failure.ts';
import { kafkaSink } from '../../../delivery/sinks/kafka.ts';
import type { Sink } from '../../../delivery/sinks/sink.ts';
import { auditEvent } from '../../support/audit-events.ts';
import { CertificateAuthority } from '../../support/cluster/certificates.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../../support/leftovers.ts';
import { administer, type KafkaServer, startKafka, whyNoKafka } from '../../support/servers/kafka.ts';
import {
  KAFKA_PASSWORD,
  KAFKA_USER,
  KAFKA_VERSIONS,
  type KafkaListener,
} from '../../support/servers/kafka-settings.ts';

const NEVER = new AbortController().signal;

/** Lines of sessions with these letters as their id, in this order. */
function batchOf(sessions: readonly string[], text = 'SELECT 1'): Batch {
  const lines = sessions.map((session, index) => {
    const id = `${session}-${index + 1}`;
    const event = auditEvent({ at: '2026-01-02T03:04:05.678901234Z', event: { id }, rest: {} });
    return {
      line: Buffer.from(`${JSON.stringify({ ...event, db: { ...event.db, query: { text } } })}\n`),
      classNumber: 0,
    };
  });
  return joinLines(lines);
}

function linesOf(batch: Batch): string[] {
  return batch.bytes.toString('utf8').trimEnd().split('\n');
}

for (const version of KAFKA_VERSIONS) {
  const absent = whyNoKafka(version);
  if (absent !== undefined) process.stderr.write(`left out: ${absent}\n`);
  (absent === undefined ? describe : describe.skip)(`Kafka ${version}`, () => {
    let kafka: KafkaServer;
    let directory: TemporaryDirectory;
    let notices: string[] = [];
    const sinks: Sink[] = [];
    let topics = 0;

    beforeAll(async () => {
      directory = temporaryDirectory('kafka-sink');
      writeFileSync(file('password'), `${KAFKA_PASSWORD}\n`);
      writeFileSync(file('wrong-password'), 'a-wrong-secret');
      kafka = await startKafka({ version });
    });
    afterAll(async () => {
      await Promise.all(sinks.map((sink) => sink.close()));
      await kafka?.stop();
      directory.remove();
    });

    function file(name: string): string {
      return `${directory.path}/${name}`;
    }

    async function newTopic(settings: Readonly<Record<string, string>> = {}, partitions = 3): Promise<string> {
      topics += 1;
      const topic = `events-${topics}`;
      await kafka.createTopic(topic, { settings, partitions });
      return topic;
    }

    function settingsOf(listener: KafkaListener, topic: string, further: object = {}) {
      const tls = { caFile: kafka.authority.path('ca.crt') };
      const sasl = { mechanism: 'plain', username: KAFKA_USER, passwordFile: file('password') };
      return kafkaSink.schema.parse({
        type: 'kafka',
        brokers: [kafka.address(listener)],
        topic,
        ...(listener === 'tls' || listener === 'mtls' || listener === 'saslTls' ? { tls } : {}),
        ...(listener === 'sasl' || listener === 'saslTls' ? { sasl } : {}),
        ...further,
      });
    }

    async function open(listener: KafkaListener, topic: string, further: object = {}): Promise<Sink> {
      const context = { instanceId: 'instance', onNotice: (message: string) => void notices.push(message) };
      const sink = await kafkaSink.open(settingsOf(listener, topic, further), context);
      sinks.push(sink);
      return sink;
    }

    async function deliver(listener: KafkaListener, further: object = {}): Promise<void> {
      const topic = await newTopic();
      const batch = batchOf(['a', 'b', 'a', 'c', 'd', 'e', 'a']);
      const sink = await open(listener, topic, further);
      expect(await sink.write(batch, NEVER)).toBeUndefined();
      expect((await kafka.consume(topic)).map(({ value }) => value.toString('utf8')).sort()).toEqual(
        linesOf(batch).sort(),
      );
    }

    async function failureOf(listener: KafkaListener, topic: string, further: object = {}): Promise<unknown> {
      const sink = await open(listener, topic, further);
      return sink.write(batchOf(['a']), NEVER).then(
        () => 'nothing failed',
        (error: unknown) => error,
      );
    }

    async function expectWrong(code: string, words: RegExp, ...what: Parameters<typeof failureOf>): Promise<void> {
      const error = await failureOf(...what);
      expect(error).toBeInstanceOf(WrongConfiguration);
      expect(error).toMatchObject({ code, message: expect.stringMatching(words) });
      expect(JSON.stringify(error) + String(error)).not.toContain('a-wrong-secret');
    }

    test('takes events without TLS', () => deliver('plaintext'));
    test('takes events over TLS', () => deliver('tls'));
    test('takes events over mutual TLS', () =>
      deliver('mtls', {
        tls: {
          caFile: kafka.authority.path('ca.crt'),
          certFile: kafka.authority.path('client.crt'),
          keyFile: kafka.authority.path('client.key'),
        },
      }));
    test.each(['plain', 'scram-sha-256', 'scram-sha-512'])('takes events with SASL %s over TLS', (mechanism) =>
      deliver('saslTls', { sasl: { mechanism, username: KAFKA_USER, passwordFile: file('password') } }),
    );
    test('takes events with SASL without TLS, and says who can read the password', async () => {
      notices = [];
      await deliver('sasl');
      expect(notices).toEqual([expect.stringContaining('the password is sent without TLS')]);
      expect(notices.join()).not.toContain(KAFKA_PASSWORD);
    });
    test.each(['gzip', 'zstd', 'none'])('takes events with compression %s', (compression) =>
      deliver('plaintext', { compression }),
    );
    test('takes events that the leader alone confirms', () => deliver('plaintext', { acks: 'leader' }));
    test('takes events in the way of a cloud’s log service', async () => {
      const topic = 'audit.json';
      await kafka.createTopic(topic);
      const sink = await open('saslTls', topic, { preset: 'aliyun-sls' });
      for (let times = 0; times < 3; times += 1) await sink.write(batchOf(['a', 'b']), NEVER);
      const perPartition = Map.groupBy(await kafka.consume(topic), ({ partition }) => partition);
      expect([...perPartition.values()].map((messages) => messages.length)).toEqual([2, 2, 2]);
    });

    test('keeps a session in one partition, in order, with key, headers and time', async () => {
      const topic = await newTopic();
      const sink = await open('plaintext', topic);
      const sessions = Array.from({ length: 300 }, (_, index) => `session${index % 20}`);
      for (let times = 0; times < 3; times += 1) await sink.write(batchOf(sessions), NEVER);
      const messages = await kafka.consume(topic);
      expect(messages).toHaveLength(900);
      for (const [session, own] of Map.groupBy(messages, ({ key }) => key)) {
        expect(new Set(own.map(({ partition }) => partition)).size).toBe(1);
        const inOneBatch = own.slice(0, 15).map(({ value }) => Number(eventIdOf(value)?.split('-')[1]));
        expect(inOneBatch).toEqual(inOneBatch.toSorted((a, b) => a - b));
        expect(session).toMatch(/^session\d+$/);
      }
      expect(messages[0]).toMatchObject({
        timestamp: Date.parse('2026-01-02T03:04:05.678Z'),
        headers: {
          'content-type': 'application/json',
          'dbaudit-schema': '1',
          'dbaudit-event-id': eventIdOf(messages[0]?.value ?? Buffer.alloc(0)),
        },
      });
    });

    test('finds a wrong password', async () => {
      for (const mechanism of ['plain', 'scram-sha-256', 'scram-sha-512']) {
        const sasl = { mechanism, username: KAFKA_USER, passwordFile: file('wrong-password') };
        await expectWrong('DBA4001', /user app is not accepted with SASL/, 'saslTls', 'any', { sasl });
      }
    });
    test('takes up a password that was put right', async () => {
      const topic = await newTopic();
      writeFileSync(file('rotated'), 'a-wrong-secret');
      const sasl = { mechanism: 'scram-sha-256', username: KAFKA_USER, passwordFile: file('rotated') };
      const sink = await open('saslTls', topic, { sasl });
      await expect(sink.write(batchOf(['a']), NEVER)).rejects.toMatchObject({ code: 'DBA4001' });
      writeFileSync(file('rotated'), KAFKA_PASSWORD);
      expect(await sink.write(batchOf(['a']), NEVER)).toBeUndefined();
    });
    test('finds a password file that is not there', async () => {
      const sasl = { mechanism: 'plain', username: KAFKA_USER, passwordFile: file('nowhere') };
      await expectWrong('DBA4008', /sasl\.passwordFile: .* cannot be read/, 'saslTls', 'any', { sasl });
    });
    test('finds an unknown certificate authority', async () => {
      await expectWrong('DBA4002', /certificate/, 'tls', 'any', { tls: {} });
      const other = new CertificateAuthority(file('other-authority'));
      await expectWrong('DBA4002', /certificate/, 'tls', 'any', { tls: { caFile: other.path('ca.crt') } });
    });
    test('finds a certificate for another name', () =>
      expectWrong('DBA4009', /localhost:\d+.*another name/, 'tls', 'any', {
        tls: { caFile: kafka.authority.path('ca.crt'), serverName: 'elsewhere.example' },
      }));
    test('finds a client certificate missing', async () => {
      const error = await failureOf('mtls', 'any');
      expect(error).toMatchObject({
        code: 'DBA4001',
        message: expect.stringContaining('it wants a certificate of ours'),
      });
    });
    test('finds a topic missing', () => expectWrong('DBA4003', /there is no topic nowhere/, 'plaintext', 'nowhere'));
    test('finds a right missing', async () => {
      const topic = await newTopic();
      await allow('WRITE', 'TOPIC', topic);
      await expectWrong('DBA4004', new RegExp(`user app may not write topic ${topic}`), 'saslTls', topic);
    });
    test('finds TLS where it did not expect it, and the reverse', async () => {
      await expectWrong('DBA4006', /speaks TLS here/, 'plaintext', 'any', { brokers: [kafka.address('tls')] });
      const error = await failureOf('tls', 'any', { brokers: [kafka.address('plaintext')] });
      expect(error).toMatchObject({ code: 'DBA4006', message: expect.stringContaining('without TLS') });
    });
    test('finds SASL where there is none, and the reverse', async () => {
      await expectWrong('DBA4006', /takes no SASL here/, 'sasl', 'any', { brokers: [kafka.address('plaintext')] });
      const error = await failureOf('plaintext', 'any', { brokers: [kafka.address('sasl')] });
      expect(error).toBeInstanceOf(TryAgain);
      expect(error).toMatchObject({ message: expect.stringContaining('wants SASL') });
    });
    test('finds nobody listening', async () => {
      const error = await failureOf('plaintext', 'any', { brokers: ['localhost:1'] });
      expect(error).toBeInstanceOf(TryAgain);
      expect(error).toMatchObject({ code: 'DBA4005', message: expect.stringContaining('kafka://localhost:1/any') });
    });
    test('goes on to the next broker of the list', () =>
      deliver('plaintext', { brokers: ['localhost:1', kafka.address('plaintext')] }));
    // Newer brokers ask for no more replicas than a topic has, and a single broker has topics of one.
    if (version === '2.1.1') {
      test('tries again while too few replicas are in sync', async () => {
        const topic = await newTopic({ 'min.insync.replicas': '2' });
        const error = await failureOf('plaintext', topic);
        expect(error).toBeInstanceOf(TryAgain);
        expect(error).toMatchObject({ code: 'DBA4007', message: expect.stringContaining('min.insync.replicas') });
      });
    }
    test('finds a batch too large, and takes the next one', async () => {
      const topic = await newTopic({ 'max.message.bytes': '2000' });
      const sink = await open('plaintext', topic, { compression: 'none' });
      await expect(sink.write(batchOf(['a'], 'x'.repeat(3000)), NEVER)).rejects.toBeInstanceOf(PoisonBatch);
      expect(await sink.write(batchOf(['a']), NEVER)).toBeUndefined();
      expect(await kafka.consume(topic)).toHaveLength(1);
    });
    test('does without idempotence where it has no right to it, and says so', async () => {
      const topic = await newTopic();
      await allow('IDEMPOTENT_WRITE', 'CLUSTER', 'kafka-cluster');
      await allow('CREATE', 'CLUSTER', 'kafka-cluster');
      await allow('WRITE', 'TOPIC', 'another-topic');
      notices = [];
      const sink = await open('saslTls', topic);
      expect(await sink.write(batchOf(['a']), NEVER)).toBeUndefined();
      // Since 2.8 the right to write to any topic is enough. https://cwiki.apache.org/confluence/display/KAFKA/KIP-679
      expect(notices).toHaveLength(version === '2.1.1' ? 1 : 0);
    });

    test('reads back what was written, and nothing else', async () => {
      const topic = await newTopic();
      const sink = await open('plaintext', topic);
      await sink.write(batchOf(['before']), NEVER);
      const reader = await kafkaSink.readBack(settingsOf('plaintext', topic));
      await sink.write(batchOf(['canary']), NEVER);
      expect(await reader.has('canary-1', NEVER)).toBe(true);
      expect(await reader.has('before-1', NEVER)).toBe(false);
      await reader.close();
    });

    test('gives up at once when it is told to', async () => {
      const topic = await newTopic();
      const sink = await open('plaintext', topic);
      await sink.write(batchOf(['a']), NEVER);
      process.kill(kafka.pid, 'SIGSTOP');
      try {
        const told = new AbortController();
        const writing = sink.write(batchOf(['b']), told.signal);
        setTimeout(() => told.abort(), 50);
        await expect(writing).rejects.toThrow('given up');
      } finally {
        process.kill(kafka.pid, 'SIGCONT');
      }
    });

    test('does not wait for an answer forever, and a repeat after it is no repeat in the topic', async () => {
      const topic = await newTopic();
      const sink = await open('plaintext', topic, { requestTimeoutMillis: 1000 });
      await sink.write(batchOf(['a']), NEVER);
      const batch = batchOf(['b', 'c', 'd']);
      process.kill(kafka.pid, 'SIGSTOP');
      const error = await sink.write(batch, NEVER).catch((reason: unknown) => reason);
      process.kill(kafka.pid, 'SIGCONT');
      expect(error).toMatchObject({ name: 'TryAgain', code: 'DBA4007' });
      await untilTaken(sink, batch);
      const ids = (await kafka.consume(topic)).map(({ value }) => eventIdOf(value));
      expect(ids.sort()).toEqual(['a-1', 'b-1', 'c-2', 'd-3']);
    });

    test('goes on after the broker was killed', async () => {
      const topic = await newTopic();
      const sink = await open('plaintext', topic);
      await sink.write(batchOf(['a']), NEVER);
      await kafka.kill9();
      await expect(sink.write(batchOf(['b']), NEVER)).rejects.toBeInstanceOf(TryAgain);
      await kafka.restart();
      await untilTaken(sink, batchOf(['b']));
      const ids = (await kafka.consume(topic)).map(({ value }) => eventIdOf(value));
      expect(ids.sort()).toEqual(['a-1', 'b-1']);
    });

    /** A broker that just came back may have no leaders yet. */
    async function untilTaken(sink: Sink, batch: Batch): Promise<void> {
      for (;;) {
        const failure = await sink.write(batch, NEVER).catch((error: unknown) => error);
        if (failure === undefined) return;
        expect(failure).toBeInstanceOf(TryAgain);
      }
    }

    /** For another account: so that it is nobody else's. */
    async function allow(
      operation: keyof typeof AclOperations,
      type: keyof typeof ResourceTypes,
      resourceName: string,
    ): Promise<void> {
      const acl = {
        resourceType: ResourceTypes[type],
        resourceName,
        resourcePatternType: ResourcePatternTypes.LITERAL,
        principal: 'User:somebody-else',
        host: '*',
        operation: AclOperations[operation],
        permissionType: AclPermissionTypes.ALLOW,
      };
      await administer(kafka.address('plaintext'), (admin) => admin.createAcls({ creations: [acl] }));
    }
  });
}
