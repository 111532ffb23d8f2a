import { type Agent, assembleAgent } from '../../agent/assemble.ts';
import { readConfig } from '../../agent/config.ts';
import { type AuditEvent, auditEventSchema } from '../../contract/audit-event.ts';
import { NO_LIMITS } from '../../delivery/batch.ts';
import { patientDelivery } from '../../delivery/patient-delivery.ts';
import { type ListedPacket, PacketList } from './packet-list.ts';

export interface Replayed {
  readonly agent: Agent;
  /** NDJSON, as a sink would get it. */
  readonly lines: string;
}

/** Puts packets through the whole agent, from the first byte to the encoded line, within this process. */
export async function replayPackets(packets: readonly ListedPacket[], settings: object = {}): Promise<Replayed> {
  const written: string[] = [];
  const config = readConfig({ capture: { allPorts: true }, ...settings }, {});
  const agent = assembleAgent(config, {
    source: new PacketList(packets),
    encoder: { instanceId: 'test', captureMode: 'replay' },
    deliveries: [
      {
        format: config.format,
        options: patientDelivery(
          {
            name: 'memory',
            limits: NO_LIMITS,
            write: async ({ bytes }) => {
              written.push(bytes.toString('utf8'));
            },
            close: () => Promise.resolve(),
          },
          (error) => {
            throw error;
          },
        ),
      },
    ],
    closingMillis: Infinity,
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
