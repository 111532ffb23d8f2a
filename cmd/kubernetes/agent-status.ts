import { request } from 'node:http';
import * as z from 'zod';
import { UserError } from '../../contract/user-error.ts';
import type { Cluster } from './cluster.ts';

/** Where agents serve what they see, on the pod's loopback. */
const AGENT_PORT = 9465;
/** What is longer is no answer of an agent. */
const MAX_ANSWER_BYTES = 1 << 20;

const agentStatusSchema = z.looseObject({
  version: z.string(),
  capturing: z.boolean(),
  /** Why not: a code and a sentence. Neither capturing nor a reason: it starts. */
  reason: z.string().optional(),
  protocols: z.record(
    z.string(),
    z.looseObject({ statements: z.number(), sessions: z.number(), encrypted: z.number() }),
  ),
  /** RFC 3339. */
  lastEventAt: z.string().optional(),
  droppedPackets: z.number(),
  gapBytes: z.number(),
  /** Agents before sinks over the network have none. */
  sinks: z
    .array(
      z.looseObject({
        name: z.string(),
        type: z.string().exactOptional(),
        place: z.string().exactOptional(),
        format: z.string().exactOptional(),
        sentEvents: z.number().default(0),
        waitingEvents: z.number().default(0),
        droppedEvents: z.number().default(0),
        quarantinedEvents: z.number().default(0),
        lagMillis: z.number().default(0),
        /** Why its receiver does not get events now: a code, where there is one, and a sentence. */
        problem: z.string().exactOptional(),
      }),
    )
    .default([]),
});

export type AgentStatus = z.infer<typeof agentStatusSchema>;

/**
 * Asks the agent in a pod what it sees. Undefined where it does not answer in time, or not as agents do. Rejects with
 * DBA1102 where the caller may not connect.
 */
export async function askAgent(
  cluster: Cluster,
  pod: { readonly namespace: string; readonly name: string },
  timeoutMillis: number,
): Promise<AgentStatus | undefined> {
  const timeout = AbortSignal.timeout(timeoutMillis);
  try {
    const answer = await Promise.race([getStatus(cluster, pod, timeout), aborted(timeout)]);
    return agentStatusSchema.safeParse(JSON.parse(answer)).data;
  } catch (error) {
    if (error instanceof UserError && error.code === 'DBA1102') throw error;
    return undefined;
  }
}

async function getStatus(
  cluster: Cluster,
  { namespace, name }: { readonly namespace: string; readonly name: string },
  signal: AbortSignal,
): Promise<string> {
  const connection = await cluster.portForward(namespace, name, AGENT_PORT);
  // Also told to the request; here so that one that comes too early or too late ends nothing.
  connection.on('error', () => undefined);
  try {
    signal.throwIfAborted();
    return await new Promise<string>((resolve, reject) => {
      const headers = { connection: 'close' };
      request(
        { createConnection: () => connection, host: '127.0.0.1', path: '/status', headers, signal },
        (response) => {
          let body = '';
          response.setEncoding('utf8');
          response.on('data', (text: string) => {
            body += text;
            if (body.length > MAX_ANSWER_BYTES) response.destroy(new Error('the answer is too long'));
          });
          response.on('end', () => resolve(body));
          response.on('error', reject);
        },
      )
        .on('error', reject)
        .end();
    });
  } finally {
    connection.destroy();
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }));
}
