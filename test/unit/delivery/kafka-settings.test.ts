import { describe, expect, test } from '@jest/globals';
import { PRESETS } from '../../../delivery/sinks/kafka/presets.ts';
import { limitsOf, partitioningOf, wantsIdempotence } from '../../../delivery/sinks/kafka/settings.ts';
import { kafkaSink } from '../../../delivery/sinks/kafka.ts';

const LEAST = { type: 'kafka', brokers: ['broker:9092'], topic: 'audit' };
const SASL = { mechanism: 'plain', username: 'project', passwordFile: '/run/secrets/kafka' };
const SLS = { ...LEAST, topic: 'audit.json', preset: 'aliyun-sls', tls: {}, sasl: SASL };

function problems(settings: object): string[] {
  const { error } = kafkaSink.schema.safeParse(settings);
  return (error?.issues ?? []).map(({ path, message }) => `${path.join('.')}: ${message}`);
}

describe('settings of the Kafka sink', () => {
  test('need brokers and a topic, and nothing else', () => {
    const settings = kafkaSink.schema.parse(LEAST);
    expect(settings).toMatchObject({
      acks: 'all',
      compression: 'gzip',
      clientId: 'dbaudit',
      requestTimeoutMillis: 10_000,
    });
    expect(kafkaSink.place(settings)).toBe('kafka://broker:9092/audit');
    expect(wantsIdempotence(settings)).toBe(true);
    expect(partitioningOf(settings)).toBe('session');
    expect(kafkaSink.defaultFormat(settings)).toBeUndefined();
    expect(problems({ type: 'kafka' })).toHaveLength(2);
  });

  test.each([
    ['user:secret@broker:9092'],
    ['kafka://broker:9092'],
    ['kafka://user:secret@broker:9092'],
    ['broker'],
    ['broker:port'],
    ['broker:99999'],
    [''],
  ])('refuse %j as a broker, without repeating it', (broker) => {
    const [problem = '', ...others] = problems({ ...LEAST, brokers: [broker] });
    expect(others).toEqual([]);
    expect(problem).toMatch(/^brokers\.0: /);
    expect(problem).not.toContain('secret');
  });

  test.each(['broker.svc:9092', '10.0.0.7:9092', '[fd00::7]:9092'])('take %s as a broker', (broker) => {
    expect(problems({ ...LEAST, brokers: [broker] })).toEqual([]);
  });

  test('name what contradicts something else', () => {
    expect(problems({ ...LEAST, topic: 'a topic' })).toEqual([expect.stringMatching(/^topic: /)]);
    expect(problems({ ...LEAST, idempotent: true, acks: 'leader' })).toEqual(['idempotent: needs acks: all']);
    expect(problems({ ...LEAST, tls: { certFile: 'client.crt' } })).toEqual([expect.stringMatching(/^tls\.keyFile: /)]);
    expect(problems({ ...LEAST, sasl: { ...SASL, password: 'secret' } })).toEqual([expect.stringMatching(/^sasl: /)]);
  });

  test('do without idempotence where only the leader confirms', () => {
    expect(wantsIdempotence(kafkaSink.schema.parse({ ...LEAST, acks: 'leader' }))).toBe(false);
  });

  test('leave room for what records add to their lines', () => {
    const { events, bytes } = limitsOf(kafkaSink.schema.parse(LEAST));
    expect(bytes + events * 160).toBeLessThan(1_048_588);
    const small = limitsOf(kafkaSink.schema.parse({ ...LEAST, limits: { bytes: 4096, events: 5000 } }));
    expect(small.events).toBeGreaterThan(0);
    expect(small.bytes).toBeGreaterThan(0);
  });
});

describe('presets of the Kafka sink', () => {
  test('for Aliyun SLS sets what it needs', () => {
    const settings = kafkaSink.schema.parse(SLS);
    expect(wantsIdempotence(settings)).toBe(false);
    expect(partitioningOf(settings)).toBe('balanced');
    expect(kafkaSink.defaultFormat(settings)).toBe('packetbeat');
    const { events, bytes } = limitsOf(settings);
    expect(bytes + events * 160).toBeLessThanOrEqual(1_000_000);
  });

  test.each([
    [{ tls: undefined }, 'tls'],
    [{ sasl: undefined }, 'sasl'],
    [{ sasl: { ...SASL, mechanism: 'scram-sha-256' } }, 'sasl.mechanism'],
    [{ topic: 'audit' }, 'topic'],
    [{ compression: 'zstd' }, 'compression'],
    [{ idempotent: true }, 'idempotent'],
    [{ limits: { bytes: 2_000_000 } }, 'limits.bytes'],
    [{ limits: { events: 50_000 } }, 'limits.events'],
  ])('refuse %j and name it as %s', (change, path) => {
    expect(problems({ ...SLS, ...change })).toEqual([
      expect.stringMatching(`^${path.replace('.', '\\.')}: Aliyun SLS `),
    ]);
  });

  test('say what is to be used as account', () => {
    expect(problems({ ...SLS, sasl: undefined })[0]).toContain('AccessKeyId#AccessKeySecret');
  });

  test('for Tencent CLS wants no TLS', () => {
    const settings = { ...LEAST, preset: 'tencent-cls', sasl: SASL };
    expect(problems(settings)).toEqual([]);
    expect(problems({ ...settings, tls: {} })).toEqual(['tls: Tencent CLS offers no TLS here']);
  });

  test.each(Object.entries(PRESETS))('%s can be configured', (preset, { tls }) => {
    const settings = { ...SLS, preset, tls: tls === 'required' ? {} : undefined };
    expect(problems(settings)).toEqual([]);
  });

  test('that are not there are refused', () => {
    expect(problems({ ...LEAST, preset: 'another' })).toEqual([expect.stringMatching(/^preset: .*aliyun-sls/)]);
  });
});
