import { X509Certificate } from 'node:crypto';
import { Agent, request } from 'node:https';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { makeState } from '../../../kubernetes/certificates/certificate-state.ts';
import { type KeyPair, makeLeaf } from '../../../kubernetes/certificates/key-pairs.ts';
import { reviewAdmission, unreadableReview } from '../../../webhook/admission-review.ts';
import { InjectorMetrics } from '../../../webhook/metrics.ts';
import { startServer, type WebhookServer } from '../../../webhook/server.ts';
import { admissionParts, podWith, reviewOf } from '../../support/admission.ts';

const NAMES = ['dbaudit-injector.dbaudit-system.svc'];
const { authority, leaf } = await makeState(NAMES, new Date());
const { parts } = admissionParts();
const metrics = new InjectorMetrics();
let ready = true;
metrics.watch({
  ready: () => ready,
  settingsValid: () => true,
  mirroredNamespaces: () => 0,
  leafExpiry: () => undefined,
  authorityExpiry: () => undefined,
});
let server: WebhookServer;
const agents: Agent[] = [];

beforeEach(async () => {
  ready = true;
  server = await startServer({
    address: '127.0.0.1',
    port: 0,
    leaf,
    checkAccess: async (token) =>
      token === undefined ? 'unauthenticated' : token === 'good' ? 'granted' : 'forbidden',
    review: (body) => reviewAdmission(body, parts),
    unreadable: (problem) => unreadableReview(problem, parts),
    ready: () => ready,
    metrics,
  });
});

afterEach(async () => {
  for (const agent of agents.splice(0)) agent.destroy();
  await server.close();
});

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
  /** Of the certificate that was shown. */
  readonly serial: string;
}

interface Question {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

function newAgent(): Agent {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  agents.push(agent);
  return agent;
}

function ask(path: string, { method = 'GET', headers = {}, body }: Question = {}, agent = newAgent()): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options = {
      host: '127.0.0.1',
      port: server.port,
      path,
      method,
      headers,
      agent,
      ca: authority.certificate,
      servername: NAMES[0],
    };
    const outgoing = request(options, (incoming) => {
      const socket: unknown = incoming.socket;
      const serial = isSecure(socket) ? (socket.getPeerX509Certificate()?.serialNumber ?? '') : '';
      let text = '';
      incoming.on('data', (chunk: Buffer) => {
        text += chunk.toString();
      });
      incoming.on('end', () =>
        resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: text, serial }),
      );
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

function isSecure(socket: unknown): socket is { getPeerX509Certificate(): X509Certificate | undefined } {
  return typeof socket === 'object' && socket !== null && 'getPeerX509Certificate' in socket;
}

const serialOf = ({ certificate }: KeyPair): string => new X509Certificate(certificate).serialNumber;

test('an admission is answered', async () => {
  const { status, headers, body } = await ask('/inject?timeout=3s', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(reviewOf(podWith())),
  });
  expect(status).toBe(200);
  expect(headers['content-type']).toContain('application/json');
  expect(JSON.parse(body)).toMatchObject({ response: { uid: '4b0b6f5e', allowed: true, patchType: 'JSONPatch' } });
});

describe('a body that cannot be read is answered well-formed and allowed', () => {
  test.each<[string, Question]>([
    ['too long', { body: Buffer.alloc(5_000_000, 'x') }],
    ['compressed', { headers: { 'content-encoding': 'gzip' }, body: 'x' }],
    ['none', {}],
  ])('%s', async (_, question) => {
    const { status, body } = await ask('/inject', { ...question, method: 'POST' });
    expect(status).toBe(200);
    expect(JSON.parse(body)).toMatchObject({ kind: 'AdmissionReview', response: { uid: '', allowed: true } });
  });
});

test('health is told always, readiness when all is there', async () => {
  expect(await ask('/healthz')).toMatchObject({ status: 200, body: 'ok\n' });
  expect(await ask('/readyz')).toMatchObject({ status: 200 });
  ready = false;
  expect(await ask('/healthz')).toMatchObject({ status: 200 });
  expect(await ask('/readyz')).toMatchObject({ status: 503 });
});

test.each([
  [{}, 401],
  [{ authorization: 'Basic x' }, 401],
  [{ authorization: 'Bearer bad' }, 403],
  [{ authorization: 'Bearer good' }, 200],
])('metrics with %j: %i', async (headers, status) => {
  const answer = await ask('/metrics', { headers });
  expect(answer.status).toBe(status);
  expect(answer.body.includes('dbaudit_injector_ready 1')).toBe(status === 200);
});

test('another path is not found', async () => {
  expect(await ask('/')).toMatchObject({ status: 404 });
  expect(await ask('/inject')).toMatchObject({ status: 404 });
});

test('another certificate is shown to new connections, and open ones go on', async () => {
  const open = newAgent();
  expect((await ask('/healthz', {}, open)).serial).toBe(serialOf(leaf));
  const next = await makeLeaf({ authority, dnsNames: NAMES, now: new Date() });
  server.show(next);
  expect((await ask('/healthz', {}, open)).serial).toBe(serialOf(leaf));
  expect((await ask('/healthz')).serial).toBe(serialOf(next));
});

test('draining: not ready, still answering, and asking to be left', async () => {
  expect((await ask('/readyz')).headers.connection).toBe('keep-alive');
  server.drain();
  expect(await ask('/readyz')).toMatchObject({ status: 503, headers: { connection: 'close' } });
  const answer = await ask('/inject', { method: 'POST', body: JSON.stringify(reviewOf(podWith())) });
  expect(answer).toMatchObject({ status: 200, headers: { connection: 'close' } });
});
