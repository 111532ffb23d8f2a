import * as z from 'zod';
import { protocols } from './protocols/index.ts';

const PORT = z.int().min(1).max(65_535);
const PROTOCOL_NAMES = protocols.map(({ name }) => name);
const portsOf = Object.fromEntries(
  protocols.map(({ name, ports }) => [
    name,
    z
      .array(PORT)
      .max(64)
      .default([...ports]),
  ]),
);

const capture = z
  .strictObject({
    /** `auto`: afpacket, or tcpdump where the addon does not load. */
    source: z.enum(['auto', 'afpacket', 'tcpdump', 'cap']).default('auto'),
    /** An interface's name, or `any`: port-forwards and local proxies arrive on loopback. */
    device: z.string().min(1).max(15).default('any'),
    /** Bytes kept of each packet: offloaded segments have up to 64 KiB, with BIG TCP more. What is cut off is a gap. */
    snaplenBytes: z.int().min(96).max(16_777_216).default(262_144),
    /** The kernel's buffer. 8 MiB holds 80 ms of a fully used 1 Gbit/s link; a ring of many GiB takes the node's memory. */
    ringMebibytes: z.int().min(1).max(1024).default(8),
    /** The protocols to decode; all of them by default. */
    protocols: z
      .array(z.enum(PROTOCOL_NAMES))
      .min(1)
      .default([...PROTOCOL_NAMES]),
    /** Ports to watch by protocol. */
    ports: z.strictObject(portsOf).prefault({}),
    /** Watches every TCP port and recognises by content alone. */
    allPorts: z.boolean().default(false),
    /**
     * Where capturing is not possible: `end` with an error, or `wait`: stay up, report blind and try again. `auto` waits
     * in a pod, where an agent that ends would keep its pod from starting.
     */
    whenUnavailable: z.enum(['auto', 'end', 'wait']).default('auto'),
  })
  .prefault({});

const limits = z
  .strictObject({
    /** Each costs about 1.5 kB. */
    connections: z.int().min(16).max(1_000_000).default(20_000),
    /** Held back while something before it is missing. The largest receive window that Linux grows to by default (tcp_rmem). */
    bufferedBytesPerConnection: z.int().min(65_536).max(268_435_456).default(6_291_456),
    bufferedBytes: z.int().min(1_048_576).max(4_294_967_296).default(33_554_432),
    /** A connection silent for so long is forgotten. MySQL closes after 8 hours of silence itself (wait_timeout). */
    idleSeconds: z.int().min(10).max(604_800).default(28_800),
    textBytes: z.int().min(256).max(16_777_216).default(65_536),
    /** Zeek's threshold for pipelines. */
    pendingStatements: z.int().min(16).max(1_000_000).default(10_000),
    /** MySQL's own default bound (max_prepared_stmt_count) for a whole server is 16,382. */
    preparedStatements: z.int().min(16).max(100_000).default(16_384),
    stillRunningSeconds: z.int().min(1).max(86_400).default(10),
  })
  .prefault({});

const exclude = z
  .strictObject({
    operations: z.array(z.string()).default([]),
    users: z.array(z.string()).default([]),
    databases: z.array(z.string()).default([]),
  })
  .prefault({});

/** What is captured, how it is decoded and what is kept of it: all that a replay needs of a configuration. */
export const decodingFields = {
  capture,
  limits,
  /** `secrets`: credentials masked. `literals`: every literal too. `none`: statements as they are; credentials are masked all the same. */
  redact: z.enum(['secrets', 'literals', 'none']).default('secrets'),
  /** What is left out on purpose; it is counted. */
  exclude,
} as const;

export const decodingSchema = z.strictObject(decodingFields);

export type DecodingConfig = z.infer<typeof decodingSchema>;

/** Environment variables that override the file: `DBAUDIT_CAPTURE_DEVICE=eth0` is `capture.device: eth0`. */
export const DECODING_VARIABLES: Readonly<Record<string, readonly string[]>> = {
  DBAUDIT_CAPTURE_SOURCE: ['capture', 'source'],
  DBAUDIT_CAPTURE_DEVICE: ['capture', 'device'],
  DBAUDIT_CAPTURE_SNAPLEN_BYTES: ['capture', 'snaplenBytes'],
  DBAUDIT_CAPTURE_RING_MEBIBYTES: ['capture', 'ringMebibytes'],
  DBAUDIT_CAPTURE_ALL_PORTS: ['capture', 'allPorts'],
  DBAUDIT_CAPTURE_PROTOCOLS: ['capture', 'protocols'],
  DBAUDIT_CAPTURE_WHEN_UNAVAILABLE: ['capture', 'whenUnavailable'],
  ...Object.fromEntries(
    protocols.map(({ name }) => [`DBAUDIT_CAPTURE_PORTS_${name.toUpperCase()}`, ['capture', 'ports', name]]),
  ),
  DBAUDIT_REDACT: ['redact'],
};
