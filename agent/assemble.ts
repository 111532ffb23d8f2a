import type { DeliveryOptions } from '../delivery/delivery.ts';
import type { EventFormat } from '../delivery/sinks/sink.ts';
import type { PacketSource } from './capture/packet-source.ts';
import type { DecodingConfig } from './decoding-config.ts';
import type { EncoderOptions } from './encode/encoder.ts';
import { createEncoder } from './encode/index.ts';
import { buildEnrichers } from './enrich/index.ts';
import { EventOutput } from './event-output.ts';
import { Pipeline } from './pipeline.ts';
import { protocols } from './protocols/index.ts';
import { SessionOpener } from './session-opener.ts';
import { NANOS_PER_SECOND, Timeline } from './timeline.ts';

/** SYNs without an answer that are remembered. Linux keeps at most 4096 for a listening socket (net.core.somaxconn). */
const HALF_OPEN_CONNECTIONS = 4_096;

/** The agent's parts, put together. */
export interface Agent {
  readonly pipeline: Pipeline;
  readonly sessions: SessionOpener;
  readonly output: EventOutput;
  readonly timeline: Timeline;
  /** Events left out on purpose. */
  readonly excluded: { readonly events: number };
}

/** What differs between live capture and replay. */
export interface Surroundings {
  readonly source: PacketSource;
  /** One for each format that a sink wants. */
  readonly deliveries: readonly { readonly format: EventFormat; readonly options: DeliveryOptions }[];
  readonly encoder: Omit<EncoderOptions, 'timeline' | 'redaction'>;
  /** See PipelineParts. */
  readonly closingMillis: number;
}

export function assembleAgent(config: DecodingConfig, { source, ...surroundings }: Surroundings): Agent {
  const timeline = new Timeline();
  const { limits } = config;
  const encoderOptions = { ...surroundings.encoder, timeline, redaction: config.redact };
  const output = new EventOutput(
    surroundings.deliveries.map(({ format, options }) => ({
      encoder: createEncoder(format, encoderOptions),
      delivery: options,
    })),
  );
  const sessions = new SessionOpener({
    protocols: protocols.filter(({ name }) => config.capture.protocols.includes(name)),
    ports: config.capture.ports,
    allPorts: config.capture.allPorts,
    timeline,
    salt: surroundings.encoder.instanceId,
    limits: {
      textBytes: limits.textBytes,
      pendingStatements: limits.pendingStatements,
      preparedStatements: limits.preparedStatements,
      stillRunningNanos: limits.stillRunningSeconds * NANOS_PER_SECOND,
    },
  });
  const { enrichers, excluded } = buildEnrichers({ redaction: config.redact, exclude: config.exclude });
  const pipeline = new Pipeline({
    source,
    timeline,
    sessions,
    enrichers,
    output,
    closingMillis: surroundings.closingMillis,
    limits: {
      connections: limits.connections,
      halfOpen: HALF_OPEN_CONNECTIONS,
      idleNanos: limits.idleSeconds * NANOS_PER_SECOND,
      bufferedBytesPerConnection: limits.bufferedBytesPerConnection,
      bufferedBytes: limits.bufferedBytes,
    },
  });
  return { pipeline, sessions, output, timeline, excluded };
}
