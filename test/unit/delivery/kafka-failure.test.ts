import { describe, expect, test } from '@jest/globals';
import {
  AuthenticationError,
  NetworkError,
  ProtocolError,
  ResponseError,
  TimeoutError,
  UserError,
} from '@platformatic/kafka';
import { PoisonBatch, TryAgain, WrongConfiguration } from '../../../delivery/sinks/failure.ts';
import { isInDoubt, kafkaFailure, refusalFailure } from '../../../delivery/sinks/kafka/kafka-failure.ts';

const CIRCUMSTANCES = {
  place: 'kafka://broker:9093/audit',
  topic: 'audit',
  sasl: { mechanism: 'PLAIN', username: 'app' },
  timeoutMillis: 1000,
};

describe('refusals of Kafka', () => {
  test.each([
    ['SASL_AUTHENTICATION_FAILED', 'DBA4001'],
    ['UNSUPPORTED_SASL_MECHANISM', 'DBA4001'],
    ['ILLEGAL_SASL_STATE', 'DBA4006'],
    ['UNKNOWN_TOPIC_OR_PARTITION', 'DBA4003'],
    ['INVALID_TOPIC_EXCEPTION', 'DBA4003'],
    ['TOPIC_AUTHORIZATION_FAILED', 'DBA4004'],
    ['CLUSTER_AUTHORIZATION_FAILED', 'DBA4004'],
    ['UNSUPPORTED_VERSION', 'DBA4006'],
    ['UNSUPPORTED_COMPRESSION_TYPE', 'DBA4010'],
    ['INVALID_TIMESTAMP', 'DBA4010'],
  ])('%s is a wrong configuration, %s', (name, code) => {
    const failure = refusalFailure(name, 'its own words', CIRCUMSTANCES);
    expect(failure).toBeInstanceOf(WrongConfiguration);
    expect(failure).toMatchObject({ code, nextStep: expect.stringMatching(/./) });
    expect(failure.message).toMatch(/^kafka:\/\/broker:9093\/audit: .*: its own words$/);
  });

  test.each(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE', 'INVALID_RECORD', 'CORRUPT_MESSAGE'])(
    '%s is poison',
    (name) => {
      expect(refusalFailure(name, '', CIRCUMSTANCES)).toBeInstanceOf(PoisonBatch);
    },
  );

  test.each([
    'NOT_ENOUGH_REPLICAS',
    'REQUEST_TIMED_OUT',
    'LEADER_NOT_AVAILABLE',
    'KAFKA_STORAGE_ERROR',
    'COORDINATOR_LOAD_IN_PROGRESS',
    'A_NAME_OF_TOMORROW',
  ])('%s may pass later', (name) => {
    expect(refusalFailure(name, '', CIRCUMSTANCES)).toBeInstanceOf(TryAgain);
  });

  test('that leave open whether the batch was taken', () => {
    expect(
      ['REQUEST_TIMED_OUT', 'NOT_ENOUGH_REPLICAS_AFTER_APPEND', 'MESSAGE_TOO_LARGE'].filter(isInDoubt),
    ).toHaveLength(2);
  });
});

describe('failed exchanges with Kafka', () => {
  test('are looked through for what the broker said', () => {
    const response = new ResponseError(36, 0, { '/': [58, 'Invalid username or password'] }, {});
    const cause = new AuthenticationError('SASL authentication failed.', { cause: response });
    const failure = kafkaFailure(new NetworkError('Connection to broker:9093 failed.', { cause }), CIRCUMSTANCES);
    expect(failure).toMatchObject({ name: 'WrongConfiguration', code: 'DBA4001' });
    expect(failure.message).toContain('user app is not accepted with SASL PLAIN: Invalid username or password');
  });

  test.each([
    [new UserError('Broker requires TLS.'), 'DBA4006'],
    [new UserError('TLS handshake failed. Please verify the broker supports TLS.'), 'DBA4006'],
    [new TimeoutError('Request timed out'), 'DBA4007'],
    [new TimeoutError('Connection to broker:9093 timed out.'), 'DBA4005'],
    [new NetworkError('Connection closed'), 'DBA4005'],
    [new NetworkError('failed', { cause: Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }) }), 'DBA4005'],
    [
      new NetworkError('failed', { cause: Object.assign(new Error('expired'), { code: 'CERT_HAS_EXPIRED' }) }),
      'DBA4002',
    ],
    ['not even an error', 'DBA4005'],
  ])('%s', (error, code) => {
    expect(kafkaFailure(error, CIRCUMSTANCES)).toMatchObject({
      code,
      message: expect.stringContaining('kafka://broker:9093'),
    });
  });

  test('say what broke the connection, where that is known', () => {
    const alert = Object.assign(new Error('tlsv13 alert certificate required'), { code: 'ERR_SSL_TLSV13_ALERT' });
    const failure = kafkaFailure(new NetworkError('Connection closed'), { ...CIRCUMSTANCES, brokenBy: () => alert });
    expect(failure).toMatchObject({ code: 'DBA4001' });
  });

  test('that were classified already stay so', () => {
    const failure = new WrongConfiguration('DBA4008', 'sasl.passwordFile: cannot be read', 'mount it');
    expect(kafkaFailure(failure, CIRCUMSTANCES)).toBe(failure);
  });

  test('do not follow a ring forever', () => {
    const error = new ProtocolError('NONE');
    const ring = new Error('ring');
    ring.cause = ring;
    expect(kafkaFailure(ring, CIRCUMSTANCES)).toBeInstanceOf(TryAgain);
    expect(kafkaFailure(error, CIRCUMSTANCES)).toBeInstanceOf(TryAgain);
  });
});
