import type { DeliveryOptions } from '../delivery/delivery.ts';
import type { PacketSource } from './capture/packet-source.ts';
import type { AgentConfig } from './config.ts';
import type { EncoderOptions } from './encode/encoder.ts';
import { createNativeEncoder } from './encode/native.ts';
import { createPacketbeatEncoder } from './encode/packetbeat.ts';
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
  readonly delivery: DeliveryOptions;
  readonly encoder: Omit<EncoderOptions, 'timeline' | 'redaction'>;
}

export function assembleAgent(config: AgentConfig, { source, ...surroundings }: Surroundings): Agent {
  const timeline = new Timeline();
  const { limits } = config;
  const encoderOptions = { ...surroundings.encoder, timeline, redaction: config.redact };
  const encoder =
    config.format === 'native' ? createNativeEncoder(encoderOptions) : createPacketbeatEncoder(encoderOptions);
  const output = new EventOutput(encoder, surroundings.delivery);
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
