import { type Agent, assembleAgent } from '../../agent/assemble.ts';
import { readConfig } from '../../agent/config.ts';
import { type AuditEvent, auditEventSchema } from '../../contract/audit-event.ts';
import { type ListedPacket, PacketList } from './packet-list.ts';

export interface Replayed {
  readonly agent: Agent;
  /** NDJSON, as a sink would get it. */
  readonly lines: string;
}

/** Puts packets through the whole agent, from the first byte to the encoded line, within this process. */
export async function replayPackets(packets: readonly ListedPacket[], config: object = {}): Promise<Replayed> {
  const written: string[] = [];
  const agent = assembleAgent(readConfig({ capture: { allPorts: true }, ...config }, {}), {
    source: new PacketList(packets),
    encoder: { instanceId: 'test', captureMode: 'replay' },
    delivery: {
      sinks: [
        {
          name: 'memory',
          write: async ({ lines }) => {
            written.push(lines.toString('utf8'));
          },
          close: () => Promise.resolve(),
        },
      ],
      whenFull: 'wait',
      onDropped: () => undefined,
      onFailed: (_, error) => {
        throw error;
      },
    },
  });
  await agent.pipeline.run(new AbortController().signal);
  return { agent, lines: written.join('') };
}

/** Parses lines and holds each against the contract. */
export function validEvents(lines: string): AuditEvent[] {
  return lines
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => auditEventSchema.parse(JSON.parse(line)));
}
