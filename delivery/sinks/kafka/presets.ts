import type { Compression } from '../../connection/compression.ts';
import type { EventFormat } from '../sink.ts';

/** What a cloud's log service takes through its Kafka endpoint, as its documentation says. */
export interface Preset {
  readonly title: string;
  readonly documentation: string;
  readonly tls: 'required' | 'not offered';
  /** What belongs into `sasl.username` and into the file of `sasl.passwordFile`. */
  readonly username: string;
  readonly password: string;
  readonly compressions: readonly Compression[];
  readonly maxEvents: number;
  /** Of a request to one partition, before compression. */
  readonly maxBytes: number;
  readonly format: EventFormat;
  /** What a topic must look like, where more is asked than Kafka does. */
  readonly topic?: { readonly pattern: RegExp; readonly words: string };
}

/** Each spreads events over its shards by itself, keeps no order, knows no producers, and authenticates by SASL PLAIN. */
export const PRESETS = {
  /** Ports 10011 in the cloud's network, 10012 outside. Kafka 2.1.0 and newer. */
  'aliyun-sls': {
    title: 'Aliyun SLS',
    documentation: 'https://help.aliyun.com/document_detail/112902.html',
    tls: 'required',
    username: 'the project',
    password: 'AccessKeyId#AccessKeySecret',
    // Nothing is said of zstd.
    compressions: ['gzip', 'none'],
    maxEvents: 4096,
    maxBytes: 1_000_000,
    format: 'packetbeat',
    // Without the ending a whole event is one string in the field `content`.
    topic: { pattern: /\.json$/, words: 'the logstore with .json behind it, so that events are expanded into fields' },
  },
  /** Ports 9095 in the cloud's network, 9096 outside. Kafka 0.11 to 3. */
  'tencent-cls': {
    title: 'Tencent CLS',
    documentation: 'https://cloud.tencent.com/document/product/614/64157',
    tls: 'not offered',
    username: 'the id of the logset',
    password: 'SecretId#SecretKey',
    compressions: ['gzip', 'none'],
    maxEvents: 10_000,
    maxBytes: 1_000_000,
    format: 'packetbeat',
  },
  /** Kafka 0.11 to 2.0, so no zstd. Expands one level of JSON; what is deeper is kept as text. */
  'volcengine-tls': {
    title: 'Volcengine TLS',
    documentation: 'https://www.volcengine.com/docs/6470/148247',
    tls: 'required',
    username: 'the id of the project',
    password: 'AccessKeyId#AccessKeySecret',
    compressions: ['gzip', 'none'],
    maxEvents: 10_000,
    maxBytes: 5_000_000,
    format: 'packetbeat',
  },
  /** Port 8200. Kafka 2.1.0 to 2.3.1. Wants `@timestamp` in each event, which every format has. */
  'baidu-bls': {
    title: 'Baidu BLS',
    documentation: 'https://cloud.baidu.com/doc/BLS/s/Lmfndhdka',
    tls: 'required',
    username: 'the project (log group)',
    password: 'AccessKey#SecretKey',
    compressions: ['gzip', 'none'],
    maxEvents: 10_000,
    maxBytes: 1_000_000,
    format: 'packetbeat',
  },
} as const satisfies Readonly<Record<string, Preset>>;

export type PresetName = keyof typeof PRESETS;

export function presetOf(name: PresetName | undefined): Preset | undefined {
  return name === undefined ? undefined : PRESETS[name];
}
