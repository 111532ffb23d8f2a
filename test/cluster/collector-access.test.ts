import { createPrivateKey, sign } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { KubeConfig } from '@kubernetes/client-node';
import { pino } from 'pino';
import { watchClientAuthority } from '../../collector/access/client-authority.ts';
import { kubernetesWord } from '../../collector/door.ts';
import type { AuditEvent } from '../../contract/audit-event.ts';
import { API_GROUP, whoamiSchema } from '../../contract/collector-api.ts';
import { auditEvent } from '../support/audit-events.ts';
import { testCluster } from '../support/cluster/suite.ts';
import { certificateFor } from '../support/cluster/users.ts';
import { emptyServices } from '../support/collector/empty-services.ts';
import { type OpenDoor, openTestDoor, type Question } from '../support/collector/open-door.ts';

/** The collector is in this process; whom it believes, and what they may, is the real API server's word. */
const cluster = testCluster();
const RANGE = { from: 0, to: 4_000_000_000_000 };
const STATEMENTS = { kind: 'is', field: 'event.action', values: ['db.query'] };
const SECRET = '4242-4242';
const TEMPLATE = 'SELECT * FROM orders WHERE id = ?';
let shop: string;
let bank: string;
let door: OpenDoor;
let authority: { stop(): void };
const made: string[] = [];

/** The service accounts of the test, in `shop`: what each may in the whole cluster, and in `shop` alone. */
const ACCOUNTS: Readonly<Record<string, { everywhere?: Rules; inShop?: Rules }>> = {
  auditor: { everywhere: { auditevents: ['get', 'read-literals', 'query', 'export'], integrity: ['get'] } },
  blind: { everywhere: { auditevents: ['get'] } },
  reader: { inShop: { auditevents: ['get', 'read-literals'] } },
  masked: { inShop: { auditevents: ['get', 'export'] } },
  keeper: { everywhere: { rules: ['get', 'update'], silences: ['get'] } },
  watcher: { everywhere: { alerts: ['get'] }, inShop: { auditevents: ['get'] } },
  stranger: {},
};
type Rules = Readonly<Record<string, readonly string[]>>;

const roleRules = (rules: Rules) =>
  Object.entries(rules).map(([resource, verbs]) => ({ apiGroups: [API_GROUP], resources: [resource], verbs }));

/** A role, and who has it. */
function grant(name: string, rules: Rules, subject: object, namespace?: string): object[] {
  const kind = namespace === undefined ? 'ClusterRole' : 'Role';
  const metadata = { name, ...(namespace === undefined ? {} : { namespace }) };
  const apiVersion = 'rbac.authorization.k8s.io/v1';
  if (namespace === undefined) made.push(name);
  return [
    { apiVersion, kind, metadata, rules: roleRules(rules) },
    {
      apiVersion,
      kind: `${kind}Binding`,
      metadata,
      subjects: [subject],
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind, name },
    },
  ];
}

function statementIn(namespace: string, pod: string, sequence: number): AuditEvent {
  return auditEvent({
    sequence,
    db: { query: { text: `SELECT * FROM orders WHERE id = '${SECRET}'`, parameter: { 0: SECRET } } },
    statement: { template: TEMPLATE },
    rest: { kubernetes: { namespace, pod: { name: pod } } },
  });
}

beforeAll(async () => {
  [shop, bank] = await Promise.all([cluster.createNamespace('access'), cluster.createNamespace('access')]);
  const objects = Object.entries(ACCOUNTS).flatMap(([name, { everywhere, inShop }]) => {
    const subject = { kind: 'ServiceAccount', name, namespace: shop };
    return [
      { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace: shop } },
      ...(everywhere === undefined ? [] : grant(`${shop}-${name}`, everywhere, subject)),
      ...(inShop === undefined ? [] : grant(name, inShop, subject, shop)),
    ];
  });
  const group = { kind: 'Group', name: `${shop}-auditors`, apiGroup: 'rbac.authorization.k8s.io' };
  const grants = grant(`${shop}-group`, { auditevents: ['get'] }, group);
  // They run nowhere: a token can be for them all the same.
  const pods = ['orders', 'billing'].map((name) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: shop },
    spec: { nodeSelector: { none: 'here' }, containers: [{ name: 'app', image: 'localhost/none' }] },
  }));
  const list = { apiVersion: 'v1', kind: 'List', items: [...objects, ...grants, ...pods] };
  await cluster.apply(JSON.stringify(list), shop);
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromFile(cluster.kubeconfig);
  door = await openTestDoor({
    word: kubernetesWord(kubeConfig),
    namespaces: () => ['default', shop, bank],
    services: emptyServices(),
    rightsBelievedMillis: 1_000,
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  authority = watchClientAuthority({
    kubeConfig,
    log: pino({ level: 'silent' }),
    onAuthority: (certificates) => {
      door.server.trust(certificates);
      resolve();
    },
  });
  await promise;
  await door.store.append([statementIn(shop, 'orders', 1), statementIn(bank, 'accounts', 2)], 'a');
  await door.store.append([auditEvent({ sequence: 3, rest: { kubernetes: undefined } })], 'a');
});
afterAll(async () => {
  authority?.stop();
  await door?.close();
  for (const kind of ['clusterrole', 'clusterrolebinding'])
    await cluster.kubectl(['delete', kind, '--ignore-not-found', ...made]);
  await Promise.all([shop, bank].map((namespace) => cluster.deleteNamespace(namespace)));
});

async function token(account: string, ...flags: readonly string[]): Promise<string> {
  return (await cluster.kubectl(['create', 'token', account, '-n', shop, '--duration=10m', ...flags])).trim();
}

const agentToken = (...flags: readonly string[]) =>
  token('default', '--bound-object-kind=Pod', '--bound-object-name=orders', ...flags);
const search = (question: Question) =>
  door.ask('/api/v1/search', { body: { range: RANGE, filter: STATEMENTS }, ...question });
const eventsIn = (json: unknown): readonly AuditEvent[] => Object(json).events;
const lastRecord = () => door.records().at(-1);

describe('users with a token', () => {
  test.each([
    ['auditor', ['shop', 'bank', 'none'], true],
    ['blind', ['shop', 'bank', 'none'], false],
    ['reader', ['shop'], true],
    ['masked', ['shop'], false],
    ['watcher', ['shop'], false],
  ])('%s reads events of %j, literals: %s', async (account, expected, literals) => {
    const { status, json, text } = await search({ token: await token(account) });
    expect(status).toBe(200);
    const statements = eventsIn(json);
    const names = statements.map(
      ({ kubernetes }) => ({ [shop]: 'shop', [bank]: 'bank' })[kubernetes?.namespace ?? ''] ?? 'none',
    );
    expect(names.toSorted()).toEqual(expected.toSorted());
    const ofShop = statements.find(({ kubernetes }) => kubernetes?.namespace === shop);
    expect(ofShop?.db?.query?.text === TEMPLATE).toBe(!literals);
    expect(text.includes(SECRET)).toBe(literals);
    expect(lastRecord()).toMatchObject({
      event: { action: 'dbaudit.access' },
      dbaudit: { actor: { name: `system:serviceaccount:${shop}:${account}` }, access: { verb: 'search', literals } },
    });
  });

  const allowed: Readonly<Record<string, readonly string[]>> = {
    '/search': ['auditor', 'blind', 'reader', 'masked', 'watcher'],
    '/query': ['auditor'],
    '/export': ['auditor', 'masked'],
    '/rules': ['keeper'],
    '/alerts': ['watcher'],
    '/silences': ['keeper'],
    '/verify': ['auditor'],
    '/whoami': Object.keys(ACCOUNTS),
  };
  test.each(Object.keys(ACCOUNTS))('%s may what its roles say, and is refused the rest on record', async (account) => {
    const bearer = await token(account);
    for (const [path, accounts] of Object.entries(allowed)) {
      const bodies: Readonly<Record<string, object>> = {
        '/search': { range: RANGE },
        '/export': { range: RANGE },
        '/query': { sql: 'SELECT 1' },
        '/alerts': {},
        '/verify': {},
      };
      const body = bodies[path];
      const { status } = await door.ask(`/api/v1${path}`, { token: bearer, ...(body === undefined ? {} : { body }) });
      expect({ path, status }).toEqual({ path, status: accounts.includes(account) ? 200 : 403 });
      if (status === 403) {
        expect(lastRecord()).toMatchObject({
          event: { action: 'dbaudit.refused' },
          dbaudit: { actor: { name: `system:serviceaccount:${shop}:${account}` } },
        });
      }
    }
  });

  test('whoami tells the same', async () => {
    const { json } = await door.ask('/api/v1/whoami', { token: await token('reader') });
    expect(whoamiSchema.parse(json)).toMatchObject({
      namespaces: [shop],
      literals: true,
      rights: ['auditevents/get', 'auditevents/read-literals'],
    });
  });

  test('a right that is taken away ends', async () => {
    const bearer = await token('blind');
    expect((await search({ token: bearer })).status).toBe(200);
    await cluster.kubectl(['delete', 'clusterrolebinding', `${shop}-blind`]);
    await cluster.waitFor('the right to end', async () => (await search({ token: bearer })).status === 403);
  });
});

describe('users with a certificate', () => {
  test('may what their groups may', async () => {
    const certificate = await certificateFor(cluster, `${shop}-carol`, [`${shop}-auditors`]);
    const { status, json } = await search({ certificate });
    expect(status).toBe(200);
    expect(eventsIn(json).some(({ kubernetes }) => kubernetes?.namespace === bank)).toBe(true);
    expect(lastRecord()).toMatchObject({
      dbaudit: { actor: { name: `${shop}-carol`, method: 'client-certificate', type: 'human' } },
    });
  });

  test('and nothing where they have none', async () => {
    const certificate = await certificateFor(cluster, `${shop}-dave`, []);
    expect(await search({ certificate })).toMatchObject({ status: 403, json: { code: 'DBA5002' } });
  });
});

describe('agents', () => {
  const send = (bearer: string, events: readonly AuditEvent[]) =>
    door.ask('/v1/events', { token: bearer, body: events.map((event) => `${JSON.stringify(event)}\n`).join('') });

  test('a token for the pod and our audience: its events are taken', async () => {
    const { status, json } = await send(await agentToken('--audience=dbaudit'), [statementIn(shop, 'orders', 100)]);
    expect({ status, json }).toEqual({ status: 200, json: { acknowledged: 1, refused: [] } });
  });

  test.each([
    ['pod', () => statementIn(shop, 'billing', 101)],
    ['namespace', () => statementIn(bank, 'orders', 102)],
  ])('events of another %s: refused, and on record', async (_, event) => {
    const kept = door.store.events.length;
    const { status, json } = await send(await agentToken('--audience=dbaudit'), [event()]);
    expect({ status, json }).toMatchObject({ status: 200, json: { acknowledged: 1, refused: [{ index: 0 }] } });
    expect(door.store.events).toHaveLength(kept + 1);
    expect(lastRecord()).toMatchObject({
      event: { action: 'dbaudit.refused' },
      message: expect.stringContaining(`the token of ${shop}/orders`),
      dbaudit: { actor: { name: `system:serviceaccount:${shop}:default` }, access: { resource: 'ingest', events: 1 } },
    });
  });

  test.each<[string, () => Promise<string>, number]>([
    ['for another audience', () => agentToken('--audience=vault'), 401],
    ['for the API server', () => agentToken(), 401],
    ['of no pod', () => token('default', '--audience=dbaudit'), 403],
    ['made up', async () => 'x.y.z', 401],
  ])('a token %s: refused, and on record', async (_, bearer, status) => {
    const [before, kept] = [door.records().length, door.store.events.length];
    expect((await send(await bearer(), [statementIn(shop, 'orders', 103)])).status).toBe(status);
    expect(lastRecord()).toMatchObject({
      event: { action: 'dbaudit.refused' },
      dbaudit: { access: { resource: 'ingest' } },
    });
    expect(door.records()).toHaveLength(before + 1);
    expect(door.store.events).toHaveLength(kept + 1);
  });

  test('an expired token: refused, and on record', async () => {
    const key = join(dirname(cluster.kubeconfig), 'pki/service-accounts.key');
    if (!existsSync(key)) {
      process.stderr.write(`expired token: not tested, ${cluster.description} does not lend its signing key\n`);
      return;
    }
    const uid = (kind: string, name: string) =>
      cluster.kubectl(['get', kind, name, '-n', shop, '-o', 'jsonpath={.metadata.uid}']);
    const [account, pod] = await Promise.all([uid('serviceaccount', 'default'), uid('pod', 'orders')]);
    const signed = (expiresIn: number) => {
      const now = Math.floor(Date.now() / 1_000);
      const claims = {
        iss: 'https://kubernetes.default.svc.cluster.local',
        sub: `system:serviceaccount:${shop}:default`,
        aud: ['dbaudit'],
        iat: now - 3_600,
        nbf: now - 3_600,
        exp: now + expiresIn,
        'kubernetes.io': {
          namespace: shop,
          serviceaccount: { name: 'default', uid: account },
          pod: { name: 'orders', uid: pod },
        },
      };
      const text = [{ alg: 'ES256', typ: 'JWT' }, claims]
        .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
        .join('.');
      const privateKey = { key: createPrivateKey(readFileSync(key)), dsaEncoding: 'ieee-p1363' as const };
      return `${text}.${sign('sha256', Buffer.from(text), privateKey).toString('base64url')}`;
    };
    expect((await send(signed(600), [statementIn(shop, 'orders', 104)])).status).toBe(200);
    const before = door.records().length;
    expect((await send(signed(-60), [statementIn(shop, 'orders', 105)])).status).toBe(401);
    expect(door.records().slice(before)).toMatchObject([{ event: { action: 'dbaudit.refused' } }]);
  });

  test('an agent’s token is of no use to a reader', async () => {
    expect((await search({ token: await agentToken('--audience=dbaudit') })).status).toBe(403);
  });
});
