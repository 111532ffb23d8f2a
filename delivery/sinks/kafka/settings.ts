import * as z from 'zod';
import { COMPRESSIONS } from '../../connection/compression.ts';
import { secretFile, sinkFields, tlsFields } from '../sink-fields.ts';
import { PRESETS, type PresetName, presetOf } from './presets.ts';

const broker = z
  .string()
  .regex(/^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+):[0-9]{1,5}$/, {
    error: 'expected host:port without a scheme; user and password belong into sasl',
    abort: true,
  })
  .refine((text) => Number(text.slice(text.lastIndexOf(':') + 1)) <= 65_535, 'a port is at most 65535');

const presetNames = z.enum(Object.keys(PRESETS).filter((name): name is PresetName => name in PRESETS));

/** All that a record adds to its line, with room to spare: lengths, key, headers. A session's id has 32 characters. */
const RECORD_OVERHEAD_BYTES = 192;
const DEFAULT_EVENTS = 2000;
/** A topic takes 1,048,588 by default (`max.message.bytes`). */
const DEFAULT_BYTES = 1_000_000;

export const kafkaTopic = z
  .string()
  .regex(/^[a-zA-Z0-9._-]{1,249}$/, 'expected at most 249 letters, digits, dots, dashes and underscores');

/** How a cluster is reached, whoever writes to it or reads from it. */
export const kafkaConnectionFields = {
  /** `host:port`; one that answers is enough, it names the others. */
  brokers: z.array(broker).min(1),
  tls: tlsFields.optional(),
  sasl: z
    .strictObject({
      mechanism: z.enum(['plain', 'scram-sha-256', 'scram-sha-512']),
      username: z.string().min(1),
      passwordFile: secretFile,
    })
    .optional(),
  clientId: z
    .string()
    .regex(/^[a-zA-Z0-9._-]{1,100}$/)
    .default('dbaudit'),
  /** For connecting, and for each answer. */
  requestTimeoutMillis: z.int().min(1000).max(300_000).default(10_000),
} as const;

/** What a connection to the brokers of a topic needs to know. */
export type KafkaConnectionSettings = z.infer<z.ZodObject<typeof kafkaConnectionFields>> & { readonly topic: string };

export const kafkaSchema = z
  .strictObject({
    type: z.literal('kafka'),
    ...sinkFields,
    ...kafkaConnectionFields,
    topic: kafkaTopic,
    /** Whether all replicas in sync, or the partition's leader alone, have an event before it counts as delivered. */
    acks: z.enum(['all', 'leader']).default('all'),
    compression: z.enum(COMPRESSIONS).default('gzip'),
    /**
     * The broker drops repeats of a batch whose answer was lost. Needs `acks: all`. Default: where it is possible. Where the
     * broker or our rights do not allow it, events are sent without it and the log says so.
     */
    idempotent: z.boolean().optional(),
    /**
     * `session`: a session's events stay in one partition, in order; the partition is the one that Java's clients choose for
     * this key. `balanced`: each batch goes to the next partition. Default: session, or what the preset wants.
     */
    partitions: z.enum(['session', 'balanced']).optional(),
    /** The Kafka endpoint of a cloud's log service: sets defaults, and refuses what that service does not take. */
    preset: presetNames.optional(),
    /** The most of one request to a partition, before compression. Keep `bytes` below the topic's `max.message.bytes`. */
    limits: z
      .strictObject({
        events: z.int().min(1).max(100_000).optional(),
        bytes: z.int().min(4096).max(16_777_216).optional(),
      })
      .prefault({}),
  })
  .check(({ value, issues }) => {
    for (const { path, message } of contradictions(value))
      issues.push({ code: 'custom', input: undefined, path, message });
  });

export type KafkaSettings = z.infer<typeof kafkaSchema>;

/** Where events go, for people. */
export function kafkaPlace({ brokers, topic }: KafkaSettings): string {
  return `kafka://${brokers.join(',')}/${topic}`;
}

interface Contradiction {
  readonly path: string[];
  readonly message: string;
}

function contradictions(settings: Omit<KafkaSettings, 'type'>): Contradiction[] {
  const { tls, acks, idempotent } = settings;
  const found: Contradiction[] = [];
  const refuse = (path: string, message: string) => found.push({ path: path.split('.'), message });
  if (idempotent === true && acks === 'leader') refuse('idempotent', 'needs acks: all');
  if (tls !== undefined && (tls.certFile === undefined) !== (tls.keyFile === undefined)) {
    refuse(tls.certFile === undefined ? 'tls.certFile' : 'tls.keyFile', 'certFile and keyFile are needed together');
  }
  return [...found, ...presetContradictions(settings)];
}

/** What the service of the preset does not take. */
function presetContradictions({
  preset,
  topic,
  tls,
  sasl,
  compression,
  idempotent,
  limits,
}: Omit<KafkaSettings, 'type'>) {
  const service = presetOf(preset);
  if (service === undefined) return [];
  const { title, maxEvents, maxBytes, compressions } = service;
  const found: Contradiction[] = [];
  const refuse = (path: string, message: string) =>
    found.push({ path: path.split('.'), message: `${title} ${message}` });
  if (service.tls === 'required' && tls === undefined) refuse('tls', 'takes TLS only: write `tls: {}`');
  if (service.tls === 'not offered' && tls !== undefined) refuse('tls', 'offers no TLS here');
  if (sasl === undefined) {
    refuse('sasl', `needs mechanism plain, as username ${service.username}, in the file ${service.password}`);
  } else if (sasl.mechanism !== 'plain') refuse('sasl.mechanism', 'takes plain only');
  if (service.topic !== undefined && !service.topic.pattern.test(topic))
    refuse('topic', `expects ${service.topic.words}`);
  if (!compressions.includes(compression)) refuse('compression', `takes ${compressions.join(' or ')}`);
  if (idempotent === true) refuse('idempotent', 'does not offer it');
  if ((limits.events ?? 0) > maxEvents) refuse('limits.events', `takes at most ${maxEvents}`);
  if ((limits.bytes ?? 0) > maxBytes) refuse('limits.bytes', `takes at most ${maxBytes}`);
  return found;
}

export function partitioningOf({ partitions, preset }: KafkaSettings): 'session' | 'balanced' {
  return partitions ?? (preset === undefined ? 'session' : 'balanced');
}

/** Whether to try. */
export function wantsIdempotence({ idempotent, acks, preset }: KafkaSettings): boolean {
  return idempotent ?? (acks === 'all' && preset === undefined);
}

/** Of lines: room is left for what records add to them. All lines may be for one partition. */
export function limitsOf({ limits, preset }: KafkaSettings): { readonly events: number; readonly bytes: number } {
  const service = presetOf(preset);
  const bytes = limits.bytes ?? service?.maxBytes ?? DEFAULT_BYTES;
  const most = Math.max(1, Math.floor(bytes / 2 / RECORD_OVERHEAD_BYTES));
  const events = Math.min(limits.events ?? Math.min(DEFAULT_EVENTS, service?.maxEvents ?? DEFAULT_EVENTS), most);
  return { events, bytes: bytes - events * RECORD_OVERHEAD_BYTES };
}
