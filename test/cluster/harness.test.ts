import { spawn } from 'node:child_process';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
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
import { testCluster } from '../support/cluster/suite.ts';
import { compare, describeComparison } from '../support/completeness/comparison.ts';
import { redisTextKey } from '../support/completeness/redis-key.ts';
import { statementKey } from '../support/completeness/statement-key.ts';
import type { ServerProtocol } from '../support/servers/running-server.ts';

const cluster = testCluster();
let namespace = '';

beforeAll(async () => {
  namespace = await cluster.createNamespace('harness', { 'pod-security.kubernetes.io/enforce': 'restricted' });
  const servers = (['mysql', 'postgresql', 'redis'] as const).flatMap((protocol) => [
    deployment(`db-${protocol}`, serverTemplate(`db-${protocol}`, protocol)),
    service(`db-${protocol}`, protocol),
  ]);
  await cluster.apply(manifests(...servers, pod('client', clientTemplate('client'))), namespace);
  await cluster.waitForCondition('pod/client', 'Ready', namespace);
});

afterAll(() => cluster.deleteNamespace(namespace));

test('every node is ready', async () => {
  const nodes = await cluster.kubectl([
    'get',
    'nodes',
    '-o',
    'jsonpath={range .items[*]}{.status.conditions[?(@.type=="Ready")].status}{"\\n"}{end}',
  ]);
  expect(nodes.trim().split('\n')).toEqual(expect.arrayContaining(['True']));
  expect(nodes).not.toMatch(/False|Unknown/);
});

const STATEMENTS: Readonly<Record<ServerProtocol, readonly string[]>> = {
  mysql: [
    'CREATE TABLE orders (id INT)',
    'INSERT INTO orders VALUES (1), (2)',
    'SELECT COUNT(*) AS counted FROM orders',
  ],
  postgresql: [
    'CREATE TABLE orders (id INT)',
    'INSERT INTO orders VALUES (1), (2)',
    'SELECT COUNT(*) AS counted FROM orders',
  ],
  redis: ['SET orders 2', 'GET orders'],
};

/** As a ledger has it. */
function spelled(protocol: ServerProtocol, statement: string): string {
  return protocol === 'redis' ? redisTextKey(statement) : statementKey(protocol, statement);
}

test.each(['mysql', 'postgresql', 'redis'] as const)(
  'a client pod reaches %s by the name of its Service, and the server logs what it said',
  async (protocol) => {
    const name = `db-${protocol}`;
    await cluster.waitForCondition(`deployment/${name}`, 'Available', namespace);
    const statements = STATEMENTS[protocol];
    const host = `${name}.${namespace}.svc.cluster.local`;
    const client = { namespace, target: 'client' };
    const answer = await runClient(cluster, client, clientCommand(protocol, host, statements));
    expect(answer).toMatch(/\b2\b/);
    const logged = await loggedStatements(cluster, { protocol, namespace, target: `deployment/${name}` });
    const sent = statements.map((statement) => spelled(protocol, statement));
    const comparison = compare(
      sent,
      logged.filter((statement) => sent.includes(statement)),
    );
    expect(describeComparison(comparison)).toBe(
      `${statements.length} counted, ${statements.length} seen, 0 missed, 0 extra`,
    );
  },
);

test('logs and port-forward work', async () => {
  const command = ['sh', '-c', 'echo hello from a pod; echo served >/tmp/index.html; exec httpd -f -p 8080 -h /tmp'];
  const { metadata, spec } = clientTemplate('web');
  const containers = spec.containers.map((container) => ({ ...container, command }));
  await cluster.apply(manifests(pod('web', { metadata, spec: { ...spec, containers } })), namespace);
  await cluster.waitForCondition('pod/web', 'Ready', namespace);
  expect(await cluster.kubectl(['logs', '-n', namespace, 'web'])).toContain('hello from a pod');
  const forward = spawn('kubectl', ['port-forward', '-n', namespace, 'pod/web', ':8080'], { env: cluster.environment });
  try {
    const port = await new Promise<number>((resolve, reject) => {
      let said = '';
      forward.once('error', reject);
      forward.once('exit', () => reject(new Error(`port-forward ended: ${said}`)));
      for (const stream of [forward.stdout, forward.stderr]) {
        stream.on('data', (text: Buffer) => {
          said += text;
          const match = /127\.0\.0\.1:(\d+) ->/.exec(said);
          if (match !== null) resolve(Number(match[1]));
        });
      }
    });
    const answer = await fetch(`http://127.0.0.1:${port}/`);
    expect(await answer.text()).toBe('served\n');
  } finally {
    forward.removeAllListeners('exit');
    forward.kill();
  }
});
