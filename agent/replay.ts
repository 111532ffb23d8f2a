import type { Readable } from 'node:stream';
import { patientDelivery } from '../delivery/patient-delivery.ts';
import type { Sink } from '../delivery/sinks/sink.ts';
import { assembleAgent } from './assemble.ts';
import type { CaptureCounters, OnPacket, PacketSource } from './capture/packet-source.ts';
import { PcapFileSource } from './capture/pcap-file.ts';
import { DECODING_VARIABLES, decodingSchema } from './decoding-config.ts';
import { readSettings } from './read-settings.ts';
import type { Redaction } from './sql/analysis.ts';
import { summarize } from './summary.ts';

export interface ReplayOptions {
  /** Paths; `-` is standard input. Read one after the other, as if they were one capture. */
  readonly files: readonly string[];
  readonly stdin: Readable;
  readonly format?: 'native' | 'packetbeat';
  readonly redaction?: Redaction;
  /** Takes the events; is closed at the end. */
  readonly sink: Sink;
}

/**
 * Gives the events of capture files; settles with a summary for people.
 * @throws UserError DBA1002 where a file is unreadable or no capture; the events before it have been given
 */
export async function replay(options: ReplayOptions): Promise<string> {
  const started = performance.now();
  const source = new FileSequence(options.files.map((file) => new PcapFileSource(file, options.stdin)));
  const config = readSettings(
    decodingSchema,
    {
      capture: { allPorts: true },
      redact: options.redaction ?? 'secrets',
      // The clock of a file runs as fast as it is read: nothing is idle, and statements wait for as long as they did.
      limits: { idleSeconds: 604_800 },
    },
    portVariables(process.env),
    DECODING_VARIABLES,
  );
  let broken: Error | undefined;
  const agent = assembleAgent(config, {
    source,
    encoder: { instanceId: 'replay', captureMode: 'replay' },
    deliveries: [
      {
        format: options.format ?? 'native',
        options: patientDelivery(options.sink, (error) => {
          broken ??= error;
        }),
      },
    ],
    closingMillis: Infinity,
  });
  await agent.pipeline.run(new AbortController().signal);
  if (broken !== undefined) throw broken;
  return summarize(agent, source.counters(), (performance.now() - started) / 1000);
}

/** Only what says which port is which: a replay has no sinks, rings or listeners to configure. */
function portVariables(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => name.startsWith('DBAUDIT_CAPTURE_PORTS_')));
}

/** Files one after the other as a single source. */
class FileSequence implements PacketSource {
  readonly name = 'file';
  readonly #files: readonly PacketSource[];

  constructor(files: readonly PacketSource[]) {
    this.#files = files;
  }

  async run(onPacket: OnPacket, onBatch: () => void | Promise<void>, signal: AbortSignal): Promise<void> {
    for (const file of this.#files) await file.run(onPacket, onBatch, signal);
  }

  counters(): CaptureCounters {
    const all = this.#files.map((file) => file.counters());
    return {
      received: all.reduce((sum, { received }) => sum + received, 0),
      dropped: all.reduce((sum, { dropped }) => sum + dropped, 0),
    };
  }
}
