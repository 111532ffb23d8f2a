import type { EventFormat } from '../../delivery/sinks/sink.ts';
import type { Encoder, EncoderOptions } from './encoder.ts';
import { createNativeEncoder } from './native.ts';
import { createPacketbeatEncoder } from './packetbeat.ts';

const ENCODERS: Readonly<Record<EventFormat, (options: EncoderOptions) => Encoder>> = {
  native: createNativeEncoder,
  packetbeat: createPacketbeatEncoder,
};

export function createEncoder(format: EventFormat, options: EncoderOptions): Encoder {
  return ENCODERS[format](options);
}
