import { Agent, request } from 'node:https';
import { pino } from 'pino';
import type { Services } from '../../../collector/api/api.ts';
import { LiveTail } from '../../../collector/api/live-tail.ts';
import { type DoorOptions, type KubernetesWord, openDoor } from '../../../collector/door.ts';
import { Intake } from '../../../collector/intake.ts';
import { CollectorMetrics } from '../../../collector/metrics.ts';
import type { CollectorServer } from '../../../collector/server.ts';
import type { AuditEvent } from '../../../contract/audit-event.ts';
import type { Attributes } from '../../../kubernetes/access-review.ts';
import { type KeyPair, makeAuthority, makeLeaf } from '../../../kubernetes/certificates/key-pairs.ts';
import type { KubernetesUser, TokenHolder } from '../../../kubernetes/token-review.ts';
import { MemoryStore } from './memory-store.ts';

export const COLLECTOR_NAME = 'dbaudit-collector.dbaudit-system.svc';

/** Who a fake API server knows: tokens by their text, and what users may, in the spelling `get auditevents[ -n NAMESPACE]`. */
interface Known {
  readonly tokens: Record<string, TokenHolder>;
  readonly ownTokens: Record<string, TokenHolder>;
  readonly rights: Record<string, readonly string[]>;
  /** Set: the API server is away. */
  away: boolean;
}

export interface OpenDoor {
  readonly server: CollectorServer;
  readonly store: MemoryStore;
  readonly live: LiveTail;
  readonly known: Known;
  readonly authority: KeyPair;
  readonly metrics: CollectorMetrics;
  readonly url: string;
  ask(path: string, question?: Question): Promise<Reply>;
  /** Access records, of reads and refusals, that are kept by now. */
  records(): readonly AuditEvent[];
  close(): Promise<void>;
}

export interface Question {
  readonly method?: string;
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** An object is sent as JSON. */
  readonly body?: unknown;
  readonly certificate?: KeyPair;
}

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  readonly json: unknown;
}

/** The whole door over real TLS, with a store in memory and an API server that knows whom the test names. */
export async function openTestDoor(
  changes: Partial<Omit<DoorOptions, 'services'>> & { readonly services?: Partial<Services> } = {},
): Promise<OpenDoor> {
  certificates ??= makeCertificates();
  const { authority, leaf } = await certificates;
  const store = new MemoryStore();
  const live = new LiveTail();
  const metrics = new CollectorMetrics();
  const known: Known = { tokens: {}, ownTokens: {}, rights: {}, away: false };
  const { services, ...rest } = changes;
  const server = await openDoor({
    address: '127.0.0.1',
    port: 0,
    leaf,
    word: wordOf(known),
    intake: new Intake({ enrichers: [], store, observers: [live.observe] }),
    metrics,
    instance: 'test',
    log: pino({ level: 'silent' }),
    namespaces: () => ['bank', 'lab', 'shop'],
    ready: () => true,
    ...rest,
    services: { store, live, status: () => Promise.reject(new Error('no status')), ...services },
  });
  const agent = new Agent({ ca: authority.certificate, servername: COLLECTOR_NAME, keepAlive: true });
  return {
    server,
    store,
    live,
    known,
    authority,
    metrics,
    url: `https://127.0.0.1:${server.port}`,
    ask: (path, question) => ask({ port: server.port, ca: authority.certificate, agent }, path, question),
    records: () => store.events.filter(({ event: { action } }) => /^dbaudit\.(access|refused)$/.test(action)),
    close: async () => {
      agent.destroy();
      await server.close();
    },
  };
}

let certificates: ReturnType<typeof makeCertificates> | undefined;

async function makeCertificates(): Promise<{ readonly authority: KeyPair; readonly leaf: KeyPair }> {
  const authority = await makeAuthority(new Date());
  return { authority, leaf: await makeLeaf({ authority, dnsNames: [COLLECTOR_NAME], now: new Date() }) };
}

/** A user of the fake API server, with a token that lasts. */
export function holder(name: string, groups: readonly string[] = [], extra: KubernetesUser['extra'] = {}): TokenHolder {
  return { user: { name, groups, extra }, expiresAt: Number.POSITIVE_INFINITY };
}

/** The agent of a pod, as the API server tells of its token. */
export function agentHolder(namespace: string, pod: string): TokenHolder {
  return holder(`system:serviceaccount:${namespace}:default`, ['system:serviceaccounts'], {
    'authentication.kubernetes.io/pod-name': [pod],
    'authentication.kubernetes.io/pod-uid': ['6a0f'],
  });
}

function wordOf(known: Known): KubernetesWord {
  const present = () => {
    if (known.away) throw new Error('connect ECONNREFUSED 10.96.0.1:443');
  };
  return {
    reviewToken: async (token) => {
      present();
      return known.tokens[token];
    },
    reviewOwnToken: async (token) => {
      present();
      return known.ownTokens[token];
    },
    reviewAccess: async ({ name }, attributes) => {
      present();
      return known.rights[name]?.includes(spelled(attributes)) ?? false;
    },
    checkMetricsAccess: async (token) =>
      token === undefined ? 'unauthenticated' : token === 'scraper' ? 'granted' : 'forbidden',
  };
}

function spelled(attributes: Attributes): string {
  if ('path' in attributes) return `${attributes.verb} ${attributes.path}`;
  const { verb, resource, namespace } = attributes;
  return `${verb} ${resource}${namespace === undefined ? '' : ` -n ${namespace}`}`;
}

interface Place {
  readonly port: number;
  readonly ca: string;
  readonly agent: Agent;
}

function ask(
  { port, ca, agent }: Place,
  path: string,
  { method, token, headers = {}, body, certificate }: Question = {},
): Promise<Reply> {
  const isRaw = body === undefined || typeof body === 'string' || Buffer.isBuffer(body);
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        host: '127.0.0.1',
        port,
        path,
        ca,
        servername: COLLECTOR_NAME,
        method: method ?? (body === undefined ? 'GET' : 'POST'),
        headers: {
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...(isRaw ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(certificate === undefined
          ? { agent }
          : { agent: false, cert: certificate.certificate, key: certificate.privateKey }),
      },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.on('error', reject);
        incoming.on('end', () => {
          const text = Buffer.concat(chunks).toString();
          const isJson = incoming.headers['content-type']?.includes('application/json') === true;
          const json: unknown = isJson ? JSON.parse(text) : undefined;
          resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, text, json });
        });
      },
    );
    outgoing.on('error', reject);
    outgoing.end(isRaw ? body : JSON.stringify(body));
  });
}
