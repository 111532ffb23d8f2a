import { Agent, request } from 'node:https';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { makeState } from '../../kubernetes/certificates/certificate-state.ts';
import { reviewAdmission, unreadableReview } from '../../webhook/admission-review.ts';
import { InjectorMetrics } from '../../webhook/metrics.ts';
import { startServer, type WebhookServer } from '../../webhook/server.ts';
import { admissionParts, podWith, reviewOf } from '../support/admission.ts';

const RUNS = 10_000;
const NAME = 'dbaudit-injector.dbaudit-system.svc';

const { authority, leaf } = await makeState([NAME], new Date());
const { parts, told } = admissionParts({
  // So that quantities are read too.
  allowance: { quotas: [{ metadata: { name: 'q' }, spec: { hard: { 'limits.cpu': '4', pods: '5' } } }] },
});
const agent = new Agent({ keepAlive: true, maxSockets: 1 });
let server: WebhookServer;

beforeAll(async () => {
  server = await startServer({
    address: '127.0.0.1',
    port: 0,
    leaf,
    checkAccess: async () => 'unauthenticated',
    review: (body) => reviewAdmission(body, parts),
    unreadable: (problem) => unreadableReview(problem, parts),
    ready: () => true,
    metrics: new InjectorMetrics(),
  });
});

afterAll(async () => {
  agent.destroy();
  await server.close();
});

interface Answer {
  readonly status: number | undefined;
  readonly body: string;
}

function post(body: Buffer, headers: Readonly<Record<string, string>>): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options = {
      host: '127.0.0.1',
      port: server.port,
      path: '/inject',
      method: 'POST',
      headers,
      agent,
      ca: authority.certificate,
      servername: NAME,
    };
    const outgoing = request(options, (incoming) => {
      let text = '';
      incoming.setEncoding('utf8');
      incoming.on('data', (chunk: string) => {
        text += chunk;
      });
      incoming.on('end', () => resolve({ status: incoming.statusCode, body: text }));
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

/** A review as an API server sends it, of a pod with something in all that is read. */
const WHOLE = reviewOf(
  podWith(
    {
      containers: [
        { name: 'app', image: 'app', resources: { requests: { cpu: '1' }, limits: { cpu: '1', memory: '1Gi' } } },
      ],
      initContainers: [{ name: 'first', restartPolicy: 'Always' }],
      volumes: [{ name: 'data', emptyDir: {} }],
      nodeSelector: { disk: 'fast' },
      overhead: { cpu: '1m' },
    },
    {
      labels: { app: 'orders' },
      annotations: { 'config.dbaudit.io/memory-limit': '64Mi' },
      ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'r', uid: 'u', controller: true }],
    },
  ),
);

/** Every place in a value, as the keys that lead there. */
function placesIn(value: unknown): string[][] {
  if (typeof value !== 'object' || value === null) return [[]];
  return [[], ...Object.entries(value).flatMap(([key, inner]) => placesIn(inner).map((place) => [key, ...place]))];
}

function replaced(value: unknown, [key, ...rest]: readonly string[], by: unknown): unknown {
  if (key === undefined) return by;
  if (Array.isArray(value))
    return value.map((inner: unknown, index) => (String(index) === key ? replaced(inner, rest, by) : inner));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, inner]: [string, unknown]) => {
      if (name !== key) return [[name, inner]];
      const next = replaced(inner, rest, by);
      return next === undefined ? [] : [[name, next]];
    }),
  );
}

const strange = fc.oneof(
  fc.constantFrom(
    undefined,
    null,
    '',
    '__proto__',
    0,
    -1,
    1e308,
    [],
    {},
    [[]],
    [null],
    { name: 'dbaudit-agent' },
    true,
  ),
  fc.jsonValue(),
  fc.string({ unit: 'binary' }),
);
const wrongSomewhere = fc
  .array(fc.tuple(fc.constantFrom(...placesIn(WHOLE)), strange), { minLength: 1, maxLength: 3 })
  .map((changes) => changes.reduce<unknown>((review, [place, by]) => replaced(review, place, by), WHOLE))
  .map((review) => JSON.stringify(review) ?? '');
const deep = fc
  .tuple(fc.constantFrom('[', '{"a":'), fc.integer({ min: 1, max: 50_000 }))
  .map(([opening, depth]) => JSON.stringify(WHOLE).replace('{"disk":"fast"}', opening.repeat(depth)));
const nested = fc
  .integer({ min: 1, max: 20_000 })
  .map((depth) => JSON.stringify(WHOLE).replace('{"disk":"fast"}', `${'['.repeat(depth)}${']'.repeat(depth)}`));
const cutOff = fc
  .nat({ max: JSON.stringify(WHOLE).length - 1 })
  .map((length) => JSON.stringify(WHOLE).slice(0, length));
const body = fc.oneof(
  { weight: 12, arbitrary: wrongSomewhere.map((text) => Buffer.from(text)) },
  { weight: 3, arbitrary: cutOff.map((text) => Buffer.from(text)) },
  { weight: 2, arbitrary: fc.json().map((text) => Buffer.from(text)) },
  { weight: 2, arbitrary: fc.uint8Array({ maxLength: 2_000 }).map((bytes) => Buffer.from(bytes)) },
  { weight: 1, arbitrary: deep.map((text) => Buffer.from(text)) },
  { weight: 1, arbitrary: nested.map((text) => Buffer.from(text)) },
);
const headers = fc.oneof(
  { weight: 8, arbitrary: fc.constant({ 'content-type': 'application/json' }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      {},
      { 'content-type': 'text/plain; charset=utf-99' },
      { 'content-type': '///' },
      { 'content-encoding': 'gzip' },
      { 'content-encoding': 'nonsense' },
    ),
  },
);

test(`${RUNS} malformed AdmissionReviews: each is answered, well-formed and allowed`, async () => {
  await fc.assert(
    fc.asyncProperty(body, headers, async (bytes, sent) => {
      const { status, body: text } = await post(bytes, sent);
      expect(status).toBe(200);
      expect(JSON.parse(text)).toMatchObject({
        apiVersion: 'admission.k8s.io/v1',
        kind: 'AdmissionReview',
        response: { uid: expect.any(String), allowed: true },
      });
    }),
    { numRuns: RUNS },
  );
  const outcomes = new Set(told.answered.map(([outcome]) => outcome));
  expect([...outcomes].sort()).toEqual(
    expect.arrayContaining(['failed', 'injected', 'malformed', 'skipped', 'unchanged']),
  );
  expect(await post(Buffer.from(JSON.stringify(WHOLE)), {})).toMatchObject({
    status: 200,
    body: expect.stringContaining('"patchType":"JSONPatch"'),
  });
});
