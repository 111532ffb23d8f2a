import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import * as z from 'zod';
import { checkSchema } from '../../cmd/output/schemas/check.ts';
import { alertListSchema, ruleListSchema } from '../../cmd/output/schemas/collector-lists.ts';
import { queryResultSchema } from '../../cmd/output/schemas/query-result.ts';
import { statusSchema } from '../../cmd/output/schemas/status.ts';
import { verificationSchema } from '../../cmd/output/schemas/verification.ts';
import type { AuditEvent } from '../../contract/audit-event.ts';
import { whoamiSchema } from '../../contract/collector-api.ts';
import {
  AGENT_COLLECTOR_CA_KEY,
  COLLECTOR_CA_MAP,
  COLLECTOR_CERTIFICATE_SECRET,
  COLLECTOR_CHECKPOINTS_MAP,
  COLLECTOR_KEYS_SECRET,
} from '../../contract/collector-objects.ts';
import {
  AGENT_CONFIG_MAP,
  CAPTURE_LABEL,
  DEFAULT_NAMESPACE,
  PART_OF_LABEL,
  PART_OF_VALUE,
} from '../../contract/labels.ts';
import { COLLECTOR_POD } from '../../manifests/metadata.ts';
import { runClient } from '../support/cluster/client.ts';
import { loggedStatements } from '../support/cluster/database-ledger.ts';
import {
  clientCommand,
  clientTemplate,
  deployment,
  manifests,
  pod,
  serverTemplate,
  service,
} from '../support/cluster/database-pods.ts';
import { dbaudit, dbauditDone, installWithCollector } from '../support/cluster/installation.ts';
import { type RunningCommand, startDbaudit } from '../support/cluster/running-command.ts';
import { testCluster } from '../support/cluster/suite.ts';
import { loadCollectorImage } from '../support/cluster/suite-images.ts';
import { certificateFor, tokenFor, writeKubeconfig } from '../support/cluster/users.ts';
import { compare, describeComparison } from '../support/completeness/comparison.ts';
import { EventLedger } from '../support/completeness/event-ledger.ts';
import { temporaryDirectory } from '../support/leftovers.ts';
import { validEvents } from '../support/replayed.ts';

const CONNECTIONS = 3;
const STATEMENTS_PER_CONNECTION = 40;
/** The load goes on for some seconds: the collector is killed in its middle. */
const CONNECTIONS_UNDER_FIRE = 8;
const ALL = '100000';
const SECRET = 'the value of card 4711';
const cluster = testCluster();
const files = temporaryDirectory('collector');
const running: RunningCommand[] = [];
let namespace: string;

const objectSchema = z.looseObject({
  metadata: z.looseObject({ labels: z.record(z.string(), z.string()).default({}) }),
});

async function own(kind: string, name: string): Promise<z.infer<typeof objectSchema>> {
  return objectSchema.parse(
    JSON.parse(await cluster.kubectl(['get', kind, name, '-n', DEFAULT_NAMESPACE, '-o', 'json'])),
  );
}

/** What one login in the client's pod asks of PostgreSQL. */
async function ask(...statements: readonly string[]): Promise<void> {
  const client = { namespace, target: 'deployment/web' };
  await runClient(cluster, client, clientCommand('postgresql', 'orders-db', statements));
}

/** Each statement differs from all others. */
async function load(round: string, connections: number): Promise<void> {
  for (let connection = 0; connection < connections; connection++) {
    const numbers = Array.from({ length: STATEMENTS_PER_CONNECTION }, (_, index) => `${connection}.${index}`);
    await ask(...numbers.map((number) => `SELECT '${round}' AS round, ${number} AS number`));
  }
}

async function collected(...terms: readonly string[]): Promise<AuditEvent[]> {
  const words = ['search', '-n', namespace, '--since', '1h', '--limit', ALL, '--order', 'oldest', '-o', 'json'];
  return validEvents(await dbauditDone(cluster, ...words, ...terms));
}

const capturedIn = (events: readonly AuditEvent[], workload: string) =>
  events.filter(({ kubernetes }) => kubernetes?.pod?.name.startsWith(`${workload}-`));

/** Waits until the collector has all that the server logged, from both sides, and shows that it has each once. */
async function expectAllCollected(): Promise<AuditEvent[]> {
  const target = 'deployment/orders-db';
  const counted = await loggedStatements(cluster, { protocol: 'postgresql', namespace, target });
  const [events, described] = await cluster.waitFor('the collector to have all that was logged', async () => {
    const found = await collected();
    const comparisons = ['orders-db', 'web'].map((side) => {
      const ledger = new EventLedger('postgresql');
      for (const event of capturedIn(found, side)) ledger.add(event);
      return compare(counted, ledger.statements);
    });
    for (const comparison of comparisons)
      if (comparison.missed.length > 0) throw new Error(describeComparison(comparison));
    return [found, comparisons.map(describeComparison)] as const;
  });
  const all = `${counted.length} counted, ${counted.length} seen, 0 missed, 0 extra`;
  expect(described).toEqual([all, all]);
  expect(new Set(events.map(({ event }) => event.id)).size).toBe(events.length);
  process.stderr.write(`collector: ${all}, from both sides\n`);
  return events;
}

async function verified(): Promise<z.infer<typeof verificationSchema>> {
  return verificationSchema.parse(JSON.parse(await dbauditDone(cluster, 'verify', '-o', 'json')));
}

beforeAll(async () => {
  await loadCollectorImage(cluster);
  await installWithCollector(cluster, '--collector-storage', 'none');
  process.stderr.write('collector: on an emptyDir, for clusters to test on may have no StorageClass\n');
  namespace = await cluster.createNamespace('collected', { [CAPTURE_LABEL]: 'enabled' });
  await cluster.apply(
    manifests(
      deployment('orders-db', serverTemplate('orders-db', 'postgresql')),
      service('orders-db', 'postgresql'),
      deployment('web', clientTemplate('web')),
    ),
    namespace,
  );
  for (const name of ['orders-db', 'web']) await cluster.waitForCondition(`deployment/${name}`, 'Available', namespace);
  await load('first', CONNECTIONS);
});

afterAll(async () => {
  for (const command of running) await command.stop();
  files.remove();
  if (namespace !== undefined) {
    await cluster.kubectl(['delete', 'clusterrolebinding', `${namespace}-auditors`, '--ignore-not-found']);
    await cluster.deleteNamespace(namespace);
  }
  // Where a test failed: other files have installations of their own.
  await dbaudit(cluster, ['uninstall', '--force']);
  await cluster.kubectl(['delete', 'namespace', DEFAULT_NAMESPACE, '--ignore-not-found']);
});

test('it runs without privileges, and has made its keys, its certificate and its authority', async () => {
  const { spec } = z
    .looseObject({ spec: z.looseObject({ containers: z.array(z.looseObject({ securityContext: z.unknown() })) }) })
    .parse(await own('pod', COLLECTOR_POD));
  expect(spec).toMatchObject({ securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } } });
  expect(spec.containers.map(({ securityContext }) => securityContext)).toEqual([
    { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } },
  ]);
  expect(JSON.stringify(spec)).not.toMatch(/hostPath|hostNetwork|hostPID|privileged/);
  const ours = { [PART_OF_LABEL]: PART_OF_VALUE };
  expect((await own('secret', COLLECTOR_CERTIFICATE_SECRET)).metadata.labels).toMatchObject(ours);
  // What outlives an uninstallation is not told by our label.
  expect((await own('secret', COLLECTOR_KEYS_SECRET)).metadata.labels).toEqual({});
  const authority = (map: string, where: string) =>
    cluster.kubectl(['get', 'configmap', map, '-n', where, '-o', 'jsonpath={.data}']);
  const published = JSON.parse(await authority(COLLECTOR_CA_MAP, DEFAULT_NAMESPACE))['ca.crt'];
  expect(published).toContain('BEGIN CERTIFICATE');
  expect(JSON.parse(await authority(AGENT_CONFIG_MAP, namespace))[AGENT_COLLECTOR_CA_KEY]).toBe(published);
});

test('it has what the server logged, from both sides, and knows who they are', async () => {
  const events = await expectAllCollected();
  const k8s = (workload: string) => ({
    kind: 'pod',
    namespace,
    pod: expect.stringMatching(`^${workload}-`),
    owner: { kind: 'Deployment', name: workload },
    node: expect.any(String),
  });
  const queries = events.filter(({ event }) => event.action === 'db.query');
  for (const { dbaudit } of queries) expect(dbaudit.client?.k8s).toMatchObject(k8s('web'));
  for (const { dbaudit } of capturedIn(queries, 'orders-db'))
    expect(dbaudit.server?.k8s).toMatchObject({ ...k8s('orders-db'), service: 'orders-db' });
  // A client sees the service's address alone.
  for (const { dbaudit } of capturedIn(queries, 'web'))
    expect(dbaudit.server?.k8s).toEqual({ kind: 'service', namespace, service: 'orders-db' });
});

describe('what people ask it', () => {
  test('search finds words and fields', async () => {
    const found = await collected('first', 'op:select', 'workload:web', '--pod', 'orders-db-*');
    expect(found).toHaveLength(CONNECTIONS * STATEMENTS_PER_CONNECTION);
    expect(await collected('nowhere-to-be-found')).toEqual([]);
  });

  test('query counts with SQL; what is wrong with a query is said', async () => {
    const sql = `SELECT count(*)::INTEGER AS statements FROM events WHERE namespace = '${namespace}' AND pod LIKE 'web-%' AND statement LIKE '%first%'`;
    const result = queryResultSchema.parse(JSON.parse(await dbauditDone(cluster, 'query', sql, '-o', 'json')));
    expect(result.rows).toEqual([[CONNECTIONS * STATEMENTS_PER_CONNECTION]]);
    const wrong = await dbaudit(cluster, ['query', 'SELECT nothing FROM events']);
    expect(wrong).toMatchObject({ code: 1, stderr: expect.stringContaining('"nothing" not found') });
  });

  test('tail is one stream of it', async () => {
    const tail = startDbaudit(cluster, ['tail', '-n', namespace, '-o', 'json']);
    running.push(tail);
    // What is asked before the stream is open would not be in it.
    await cluster.waitFor('a statement in the stream', async () => {
      await ask('SELECT 1 AS streamed');
      return tail.said.stdout.includes('AS streamed');
    });
    const asked = "SELECT 'in the stream' AS once";
    await ask(asked);
    const heard = () => tail.said.stdout.split('\n').filter((line) => line.includes(asked));
    await tail.until('it from both sides', () => heard().length >= 2);
    expect(await tail.stop()).toBe(0);
    const pods = validEvents(heard().join('\n')).map(({ kubernetes }) => kubernetes?.pod?.name.split('-')[0]);
    expect(pods.toSorted()).toEqual(['orders', 'web']);
    expect(tail.said.stderr).not.toMatch(/error|log/);
  });

  test('a rule raises an alert', async () => {
    await ask('CREATE TABLE orders (id int)', 'DROP TABLE orders');
    const alert = await cluster.waitFor('the alert', async () => {
      const text = await dbauditDone(cluster, 'alert', 'list', '-o', 'json');
      return alertListSchema.parse(JSON.parse(text)).items.find(({ rule }) => rule.id === 'db.ddl.drop');
    });
    expect(alert).toMatchObject({ level: 'high', state: 'firing', namespaces: [namespace] });
    const rules = ruleListSchema.parse(JSON.parse(await dbauditDone(cluster, 'rule', 'list', '-o', 'json'))).items;
    expect(rules.find(({ id }) => id === 'db.ddl.drop')?.detections).toBeGreaterThan(0);
  });

  test('status and check are content, all seals hold', async () => {
    const status = statusSchema.parse(
      JSON.parse((await dbaudit(cluster, ['status', '-n', namespace, '-o', 'json'])).stdout),
    );
    expect(status.collector).toMatchObject({ ready: true, events: expect.any(Number) });
    const check = checkSchema.parse(JSON.parse(await dbauditDone(cluster, 'check', '-o', 'json')));
    expect(check.success).toBe(true);
    expect(await verified()).toMatchObject({ intact: true, findings: [] });
  });

  test('ui serves the page on loopback, as the user', async () => {
    const ui = startDbaudit(cluster, ['ui', '--no-open']);
    running.push(ui);
    await ui.until('its address', () => ui.said.stdout.includes('\n'));
    const address = new URL(ui.said.stdout.trim());
    const entrance = await fetch(address);
    expect(entrance.status).toBe(200);
    const cookie = entrance.headers.getSetCookie()[0]?.split(';')[0] ?? '';
    const page = await fetch(address.origin, { headers: { cookie } });
    expect(await page.text()).toMatch(/<script type="module"/);
    const name = JSON.parse(await cluster.kubectl(['auth', 'whoami', '-o', 'json'])).status.userInfo.username;
    const who = await fetch(`${address.origin}/api/v1/whoami`, { headers: { cookie } });
    expect(whoamiSchema.parse(await who.json()).name).toBe(name);
    expect((await fetch(`${address.origin}/api/v1/whoami`)).status).toBe(401);
    expect(await ui.stop()).toBe(0);
  });
});

describe('who sees what', () => {
  const rbac = 'rbac.authorization.k8s.io';
  const kubeconfigs = { reader: join(files.path, 'reader'), auditor: join(files.path, 'auditor') };
  const as = (user: keyof typeof kubeconfigs, ...words: readonly string[]) =>
    dbaudit(cluster, words, { environment: { KUBECONFIG: kubeconfigs[user] } });

  beforeAll(async () => {
    await ask(`SELECT '${SECRET}' AS card`);
    const binding = (kind: string, name: string, role: string, subject: object) => ({
      apiVersion: `${rbac}/v1`,
      kind,
      metadata: { name },
      roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: role },
      subjects: [subject],
    });
    const group = `${namespace}-auditors`;
    await cluster.apply(
      manifests(
        { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'reader' } },
        binding('RoleBinding', 'readers', 'dbaudit-reader', { kind: 'ServiceAccount', name: 'reader', namespace }),
        binding('ClusterRoleBinding', group, 'dbaudit-auditor', { apiGroup: rbac, kind: 'Group', name: group }),
      ),
      namespace,
    );
    await writeKubeconfig(cluster, kubeconfigs.reader, await tokenFor(cluster, namespace, 'reader'));
    await writeKubeconfig(cluster, kubeconfigs.auditor, await certificateFor(cluster, `${namespace}-carol`, [group]));
  });

  test('with a token and the right to one namespace: its events, without values', async () => {
    const found = await cluster.waitFor('the statement', async () => {
      const { stdout } = await as('reader', 'search', '-A', 'AS card', '--since', '1h', '--limit', ALL, '-o', 'json');
      const events = validEvents(stdout);
      return events.length >= 2 && events;
    });
    expect(found.map(({ db }) => db?.query?.text)).toEqual(found.map(() => 'SELECT ? AS card'));
    const { stdout } = await as('reader', 'search', '-A', '--since', '1h', '--limit', ALL, '-o', 'json');
    expect(stdout).not.toContain(SECRET);
    expect(new Set(validEvents(stdout).map(({ kubernetes }) => kubernetes?.namespace))).toEqual(new Set([namespace]));
    expect(await as('reader', 'search', '-n', DEFAULT_NAMESPACE, '--since', '1h')).toMatchObject({ stdout: '' });
    // 1 would be that it is not intact.
    for (const [code, ...words] of [
      [2, 'verify'] as const,
      [1, 'query', 'SELECT 1'] as const,
      [1, 'rule', 'list'] as const,
    ])
      expect(await as('reader', ...words)).toMatchObject({ code, stderr: expect.stringContaining('error DBA1102') });
  });

  test('with a certificate and an auditor’s rights: everything, and that is on record', async () => {
    const { stdout } = await as('auditor', 'search', '-A', SECRET, '--since', '1h', '-o', 'json');
    expect(stdout).toContain(SECRET);
    expect((await as('auditor', 'verify')).stdout).toMatch(/intact$/m);
    expect(await as('auditor', 'rule', 'list')).toMatchObject({ code: 1, stderr: expect.stringContaining('DBA1102') });
    const sql = `SELECT DISTINCT actor, actor_method FROM events WHERE action = 'dbaudit.access' AND actor LIKE '%${namespace}%' ORDER BY 2`;
    const record = queryResultSchema.parse(JSON.parse(await dbauditDone(cluster, 'query', sql, '-o', 'json')));
    expect(record.rows).toEqual([
      [`${namespace}-carol`, 'client-certificate'],
      [`system:serviceaccount:${namespace}:reader`, 'token'],
    ]);
  });
});

test('killed under load, it comes back, agents catch up, and nothing is lost or doubled', async () => {
  await cluster.apply(
    manifests({
      ...pod('killer', clientTemplate('killer')),
      spec: {
        // From the namespace of its processes alone can the first one be killed.
        hostPID: true,
        containers: [{ ...clientTemplate('killer').spec.containers[0], securityContext: { runAsUser: 0 } }],
      },
    }),
    namespace,
  );
  await cluster.waitForCondition('pod/killer', 'Ready', namespace);
  const restarts = () =>
    cluster.kubectl([
      ...['get', 'pod', COLLECTOR_POD, '-n', DEFAULT_NAMESPACE],
      ...['-o', 'jsonpath={.status.containerStatuses[0].restartCount}'],
    ]);
  const before = Number(await restarts());
  const underFire = load('under fire', CONNECTIONS_UNDER_FIRE);
  await cluster.waitFor('the load to come in', async () => (await collected('under fire')).length > 0);
  const kill = `for process in /proc/[0-9]*; do
    if grep -aq 'dbaudit-collecto[r].mjs' $process/cmdline; then kill -9 $(basename $process) && echo killed; fi
  done`;
  const killed = await cluster.kubectl(['exec', '-n', namespace, 'killer', '--', 'sh', '-c', kill]);
  expect(killed.trim()).toBe('killed');
  const killedAt = Date.now();
  await underFire;
  await cluster.waitFor('its restart', async () => Number(await restarts()) === before + 1);
  await cluster.waitForCondition(`pod/${COLLECTOR_POD}`, 'Ready', DEFAULT_NAMESPACE);
  const ready = Date.now();
  await expectAllCollected();
  const seconds = (until: number) => ((until - killedAt) / 1_000).toFixed(1);
  process.stderr.write(
    `collector: ready ${seconds(ready)} s after it was killed, all caught up after ${seconds(Date.now())} s\n`,
  );
  expect(await verified()).toMatchObject({ intact: true });
  await cluster.waitFor('checkpoints in their second place', async () => {
    const found = await cluster.run('kubectl', [
      'get',
      'configmap',
      COLLECTOR_CHECKPOINTS_MAP,
      '-n',
      DEFAULT_NAMESPACE,
    ]);
    return found.code === 0;
  });
});

test('uninstalled, the keys to what it kept stay', async () => {
  await cluster.deleteNamespace(namespace);
  const { code, stderr } = await dbaudit(cluster, ['uninstall', '--force']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining(`secret/${COLLECTOR_KEYS_SECRET}`) });
  const left = await cluster.kubectl(['get', 'all,secret,configmap', '-n', DEFAULT_NAMESPACE, '-o', 'name']);
  expect(left.trim().split('\n')).toEqual(['secret/dbaudit-collector-keys', 'configmap/kube-root-ca.crt']);
});
