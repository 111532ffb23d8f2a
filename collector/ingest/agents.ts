import type { Request, RequestHandler, Response } from 'express';
import type { Logger } from 'pino';
import type { AuditEvent } from '../../contract/audit-event.ts';
import { INGEST_PATH } from '../../contract/collector-api.ts';
import { messageOf } from '../../kubernetes/informer.ts';
import { bearerOf, type ReviewToken, type TokenHolder } from '../../kubernetes/token-review.ts';
import { clientOf } from '../access/client-address.ts';
import type { AccessLog } from '../access/record.ts';
import { apiServersWord, Problem } from '../api/problem.ts';
import type { Intake } from '../intake.ts';
import { BodyMemory, BodyProblem, decodedBody } from './agents-body.ts';
import {
  type AgentIdentity,
  agentIdentity,
  claimProblem,
  collectorsOwn,
  type MayClaim,
  ownPodOnly,
} from './agents-claim.ts';
import { type ReadEvents, readEvents } from './agents-lines.ts';

/** Text of events between the wire and the store; as objects it is some four times as much. */
const MAX_BYTES_UNDER_WAY = 48 * 1_048_576;
/** Each holds a connection and perhaps a little of a body; an agent has one at most. */
const MAX_REQUESTS_UNDER_WAY = 256;
const RETRY_MILLIS = 1_000;
const MILLIS_PER_SECOND = 1_000;
/** As agents make them: start and process id. */
const INSTANCE = /^[0-9A-Za-z._-]{1,64}$/;

export interface AgentIngestOptions {
  /** For the audience SINK_TOKEN_AUDIENCE. */
  readonly review: ReviewToken;
  readonly intake: Pick<Intake, 'take'>;
  readonly access: Pick<AccessLog, 'refuse'>;
  readonly metrics: IngestMetrics;
  readonly log: Logger;
  /** Absent: an agent sends for its own pod alone. */
  readonly mayClaim?: MayClaim;
  /** Outside of Kubernetes no token is bound to a pod, and events name none: whoever has a token may send what it likes. */
  readonly anyAgent?: boolean;
}

export interface IngestMetrics {
  /** Lines of one request that was answered. */
  took(lines: { readonly added: number; readonly repeated: number; readonly refused: number }): void;
  /** A request that was not taken. */
  turnedAway(status: number): void;
}

/**
 * Takes events from agents in the words of docs/sinks/http.md, and acknowledges them once they are durable. An agent has one
 * request at a time: that keeps its events in order, and gives each agent its turn however much one has to send.
 */
export function agentIngest(options: AgentIngestOptions): RequestHandler {
  const memory = new BodyMemory(MAX_BYTES_UNDER_WAY);
  const busy = new Set<string>();
  return async (request, response) => {
    try {
      const agent = await identify(request, options);
      const name = `${agent.namespace}/${agent.pod}`;
      if (busy.has(name)) throw tryAgain(`an earlier request of ${name} is still worked on`);
      if (busy.size >= MAX_REQUESTS_UNDER_WAY) throw tryAgain('too many agents are sending; try again');
      const held = memory.open();
      busy.add(name);
      try {
        await take(request, response, agent, held, options);
      } finally {
        held.release();
        busy.delete(name);
      }
    } catch (error) {
      const problem = error instanceof BodyProblem ? bodyProblem(error) : Problem.of(error);
      if (problem.isBug) options.log.error({ error: messageOf(error) }, 'taking events failed');
      options.metrics.turnedAway(problem.status);
      // What is left of the body is passed over, or its sender would see a broken connection in place of the answer.
      request.resume();
      response.set('Connection', 'close');
      if (!response.destroyed) problem.answer(response);
    }
  };
}

async function take(
  request: Request,
  response: Response,
  agent: AgentIdentity,
  held: { take(bytes: number): boolean },
  { intake, access, metrics, mayClaim = ownPodOnly, anyAgent }: AgentIngestOptions,
): Promise<void> {
  const problemOf = (event: AuditEvent) => (anyAgent ? collectorsOwn(event) : claimProblem(event, agent, mayClaim));
  const read = await readEvents(decodedBody(request, held), problemOf);
  if (read.notTheirs > 0) access.refuse(refusedClaim(request, agent, read));
  const { added, repeated } =
    read.events.length === 0 ? NOTHING_NEW : await intake.take(read.events, chainOf(request, agent));
  metrics.took({ added: added.length, repeated, refused: read.refused.length });
  response.json({ acknowledged: read.lines, refused: read.refused });
}

const NOTHING_NEW = { added: [], repeated: 0 } as const;

/** The order of one agent's events from its start to its end is kept. */
function chainOf(request: Request, { namespace, pod }: AgentIdentity): string {
  return `agent/${namespace}/${pod}/${instanceOf(request)}`;
}

function instanceOf(request: Request): string {
  const instance = request.get('dbaudit-instance') ?? '';
  return INSTANCE.test(instance) ? instance : '-';
}

async function identify(request: Request, { review, access, anyAgent }: AgentIngestOptions): Promise<AgentIdentity> {
  const token = bearerOf(request.get('authorization'));
  const holder: TokenHolder | undefined = token === undefined ? undefined : await apiServersWord(() => review(token));
  if (holder === undefined || holder.expiresAt <= Date.now()) {
    const message = token === undefined ? 'no bearer token' : 'the token is wrong, expired or for another audience';
    access.refuse({ from: clientOf(request), resource: 'ingest', verb: 'create', message });
    throw new Problem(401, 'DBA5001', `${message}: agents send a service account token for the audience dbaudit`);
  }
  if (anyAgent) return { namespace: '-', serviceAccount: '-', pod: instanceOf(request) };
  const agent = agentIdentity(holder.user);
  if (agent !== undefined) return agent;
  const message = `the token of ${holder.user.name} is not bound to a pod`;
  const who = { type: 'workload', name: holder.user.name, method: 'token' } as const;
  access.refuse({ who, from: clientOf(request), resource: 'ingest', verb: 'create', message });
  throw new Problem(403, 'DBA5002', `${message}; ${INGEST_PATH} is for agents in pods`);
}

function refusedClaim(request: Request, agent: AgentIdentity, { refused, notTheirs }: ReadEvents) {
  const name = `system:serviceaccount:${agent.namespace}:${agent.serviceAccount}`;
  return {
    who: { type: 'workload', name, method: 'token' } as const,
    from: clientOf(request),
    resource: 'ingest',
    verb: 'create',
    query: `pod ${agent.namespace}/${agent.pod}`,
    namespaces: [agent.namespace],
    events: notTheirs,
    message: `${notTheirs} events refused: ${refused.find(({ reason }) => !reason.startsWith('no '))?.reason ?? ''}`,
  };
}

function bodyProblem({ status, message }: BodyProblem): Problem {
  return status === 429 ? tryAgain(message) : new Problem(status, 'DBA5010', message);
}

function tryAgain(message: string): Problem {
  return new Problem(429, 'DBA5006', message, { afterSeconds: RETRY_MILLIS / MILLIS_PER_SECOND });
}
