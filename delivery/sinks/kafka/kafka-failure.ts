import { connectionFailure, innermostFirst } from '../../connection/connection-failure.ts';
import { type DeliveryCode, PoisonBatch, TryAgain, WrongConfiguration } from '../failure.ts';

export type KafkaFailure = TryAgain | PoisonBatch | WrongConfiguration;

/** What failed, for the words of a failure. No credentials. */
export interface Circumstances {
  /** `kafka://broker:9093/topic` */
  readonly place: string;
  readonly topic: string;
  /** The SASL mechanism and the user, where there are. */
  readonly sasl: { readonly mechanism: string; readonly username: string } | undefined;
  readonly timeoutMillis: number;
  /** Whether we show a certificate of our own when we are asked for one. */
  readonly ownCertificate?: boolean;
  /** What was to be done, where it is not writing. */
  readonly reading?: boolean;
  /** Of consumers, where we are one. */
  readonly group?: string;
  /** What broke the connection, where Node says so: whoever waits for an answer is only told that it was closed. */
  brokenBy?(): Error | undefined;
}

/** A broker's own words are for a log line. */
const MAX_WORDS = 200;

type Meaning = (circumstances: Circumstances, words: string) => KafkaFailure;

/** By the names of https://kafka.apache.org/protocol.html#protocol_error_codes; what is not here may pass later. */
const MEANINGS: Readonly<Record<string, Meaning>> = {
  SASL_AUTHENTICATION_FAILED: wrong(
    'DBA4001',
    ({ sasl }) => `user ${sasl?.username} is not accepted with SASL ${sasl?.mechanism}`,
    'check sasl.username and the content of the file in sasl.passwordFile',
  ),
  UNSUPPORTED_SASL_MECHANISM: wrong(
    'DBA4001',
    ({ sasl }) => `the broker does not offer SASL ${sasl?.mechanism} here`,
    'set sasl.mechanism to one that this listener has',
  ),
  ILLEGAL_SASL_STATE: wrong(
    'DBA4006',
    () => 'the broker takes no SASL here',
    'use the port of a listener with SASL, or leave sasl out',
  ),
  UNKNOWN_TOPIC_OR_PARTITION: wrong(
    'DBA4003',
    ({ topic }) => `there is no topic ${topic}, and the broker does not create it by itself`,
    'create the topic, or correct its name',
  ),
  INVALID_TOPIC_EXCEPTION: wrong('DBA4003', ({ topic }) => `the broker takes no topic ${topic}`, 'correct its name'),
  TOPIC_AUTHORIZATION_FAILED: wrong(
    'DBA4004',
    ({ topic, sasl, reading }) =>
      `${sasl === undefined ? 'we' : `user ${sasl.username}`} may not ${reading === true ? 'read' : 'write'} topic ${topic}`,
    'allow the operations Describe and Write, and Read for a test, on the topic',
  ),
  CLUSTER_AUTHORIZATION_FAILED: wrong(
    'DBA4004',
    ({ sasl }) => `${sasl === undefined ? 'we' : `user ${sasl.username}`} may not use this cluster so`,
    'allow the operation IdempotentWrite on the cluster, or set idempotent: false',
  ),
  GROUP_AUTHORIZATION_FAILED: wrong(
    'DBA4004',
    ({ sasl, group }) => `${sasl === undefined ? 'we' : `user ${sasl.username}`} may not read as the group ${group}`,
    'allow the operation Read on the group, and Describe and Read on the topic',
  ),
  UNSUPPORTED_VERSION: wrong(
    'DBA4006',
    () => 'the broker does not speak our versions of the protocol',
    'Kafka 1.0 or newer is needed',
  ),
  UNSUPPORTED_COMPRESSION_TYPE: wrong(
    'DBA4010',
    () => 'the broker does not take this compression',
    'set compression: gzip; zstd needs Kafka 2.1',
  ),
  UNSUPPORTED_FOR_MESSAGE_FORMAT: wrong(
    'DBA4010',
    ({ topic }) => `topic ${topic} keeps messages in a format that is too old`,
    'set its message.format.version to 0.11 or newer',
  ),
  INVALID_TIMESTAMP: wrong(
    'DBA4010',
    ({ topic }) => `topic ${topic} does not take our events' times`,
    'check the clock of this machine, and the topic’s message.timestamp.after.max.ms and before.max.ms',
  ),
  INVALID_REQUIRED_ACKS: wrong('DBA4010', () => 'the broker does not take these acks', 'set acks: all'),
  POLICY_VIOLATION: wrong('DBA4010', () => 'a policy of the broker refuses it', 'ask who runs the cluster'),
  MESSAGE_TOO_LARGE: poison(({ topic }) => `too large for topic ${topic} (max.message.bytes)`),
  RECORD_LIST_TOO_LARGE: poison(({ topic }) => `too large for the segments of topic ${topic}`),
  INVALID_RECORD: poison(({ topic }) => `topic ${topic} takes no such record`),
  CORRUPT_MESSAGE: poison(() => 'the broker finds it damaged'),
  NOT_ENOUGH_REPLICAS: later('DBA4007', 'fewer replicas are in sync than min.insync.replicas asks for'),
  NOT_ENOUGH_REPLICAS_AFTER_APPEND: later('DBA4007', 'fewer replicas are in sync than min.insync.replicas asks for'),
  REQUEST_TIMED_OUT: later('DBA4007', 'the replicas did not confirm in time'),
  THROTTLING_QUOTA_EXCEEDED: later('DBA4007', 'the quota of this account is used up'),
  LEADER_NOT_AVAILABLE: later('DBA4005', 'the partition has no leader now'),
  NOT_LEADER_OR_FOLLOWER: later('DBA4005', 'the leader of the partition changed'),
  KAFKA_STORAGE_ERROR: later('DBA4007', 'the broker cannot use its disk'),
};

/** What a failed exchange with a broker means, in words with the place. */
export function kafkaFailure(error: unknown, circumstances: Circumstances): KafkaFailure {
  if (error instanceof PoisonBatch) return error;
  const refusal = refusalOf(error);
  if (refusal !== undefined) return refusalFailure(refusal.name, refusal.words, circumstances);
  return withoutAnswer(error, circumstances);
}

/** What an error code that a broker gave means. */
export function refusalFailure(name: string, words: string, circumstances: Circumstances): KafkaFailure {
  const meaning = MEANINGS[name] ?? later('DBA4005', `the broker says ${name}`);
  return meaning(circumstances, words === '' ? '' : `: ${words.slice(0, MAX_WORDS)}`);
}

/** Whether the broker may have taken what was sent all the same. */
export function isInDoubt(name: string): boolean {
  return name === 'REQUEST_TIMED_OUT' || name === 'NOT_ENOUGH_REPLICAS_AFTER_APPEND';
}

function refusalOf(error: unknown): { readonly name: string; readonly words: string } | undefined {
  for (const one of innermostFirst(error)) {
    if (!('apiId' in one) || typeof one.apiId !== 'string') continue;
    const words = 'serverErrorMessage' in one ? one.serverErrorMessage : undefined;
    return { name: one.apiId, words: typeof words === 'string' ? words : '' };
  }
  return undefined;
}

/** The client's own words for what Node does not name. */
function withoutAnswer(error: unknown, circumstances: Circumstances): KafkaFailure {
  const { place, sasl, timeoutMillis, brokenBy } = circumstances;
  const says = (text: string) => innermostFirst(error).some(({ message }) => message.includes(text));
  if (says('Broker requires TLS')) {
    return new WrongConfiguration(
      'DBA4006',
      `${place}: the broker speaks TLS here`,
      'write `tls: {}`, or use another port',
    );
  }
  if (says('verify the broker supports TLS')) {
    const text =
      'the connection was closed during the TLS handshake: this may be a port without TLS, or the broker restarts';
    return new TryAgain('DBA4006', `${place}: ${text}`);
  }
  if (says('Malformed SCRAM') || says('Invalid server')) {
    return new WrongConfiguration(
      'DBA4001',
      `${place}: the broker does not prove that it knows the password of ${sasl?.username}`,
      'check the address: this may not be the broker it says it is',
    );
  }
  if (says('Request timed out')) return new TryAgain('DBA4007', `${place}: no answer within ${timeoutMillis} ms`);
  if (says('timed out')) {
    return new TryAgain(
      'DBA4005',
      `${place}: no connection within ${timeoutMillis} ms: packets may be dropped on the way`,
    );
  }
  if (says('Connection closed')) {
    const cause = brokenBy?.();
    if (cause !== undefined) return brokenFailure(cause, circumstances);
    if (sasl !== undefined) return new TryAgain('DBA4005', `${place}: the broker closed the connection`);
    const text = 'the broker closed the connection instead of answering: it restarts, or wants SASL here (sasl)';
    return new TryAgain('DBA4005', `${place}: ${text}`);
  }
  return brokenFailure(error, circumstances);
}

function brokenFailure(cause: unknown, { place, ownCertificate }: Circumstances): KafkaFailure {
  if (ownCertificate === false && saysAny(cause, CERTIFICATE_WANTED)) {
    const text = 'it wants a certificate of ours, and was given none';
    return new WrongConfiguration('DBA4001', `${place}: ${text}`, 'set tls.certFile and tls.keyFile');
  }
  return connectionFailure(cause, place);
}

/** How Java's TLS takes having been shown no certificate: with version 1.3 and with 1.2. */
const CERTIFICATE_WANTED = /alert bad certificate|client_read_transition:unexpected message/i;

function saysAny(error: unknown, pattern: RegExp): boolean {
  return innermostFirst(error).some(({ message }) => pattern.test(message));
}

function wrong(code: DeliveryCode, text: (circumstances: Circumstances) => string, nextStep: string): Meaning {
  return (circumstances, words) =>
    new WrongConfiguration(code, `${circumstances.place}: ${text(circumstances)}${words}`, nextStep);
}

function later(code: DeliveryCode, text: string): Meaning {
  return ({ place }, words) => new TryAgain(code, `${place}: ${text}${words}`);
}

function poison(text: (circumstances: Circumstances) => string): Meaning {
  return (circumstances, words) => new PoisonBatch(`${circumstances.place}: ${text(circumstances)}${words}`);
}
