import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { runClient } from '../support/cluster/client.ts';
import { loggedStatements } from '../support/cluster/database-ledger.ts';
import {
  clientCommand,
  clientTemplate,
  deployment,
  manifests,
  serverTemplate,
  service,
} from '../support/cluster/database-pods.ts';
import { dbauditDone, eventsOf, install } from '../support/cluster/installation.ts';
import { testCluster } from '../support/cluster/suite.ts';
import { compare, describeComparison } from '../support/completeness/comparison.ts';
import { EventLedger } from '../support/completeness/event-ledger.ts';
import type { ServerProtocol } from '../support/servers/running-server.ts';

const PROTOCOLS = ['mysql', 'postgresql', 'redis'] as const satisfies readonly ServerProtocol[];
const CONNECTIONS = 5;
const STATEMENTS_PER_CONNECTION = 40;
const WORKLOADS = [...PROTOCOLS.map((protocol) => `deployment/${protocol}`), 'deployment/client'];

/** Reads, writes, an error at the end; each statement differs from all others. */
function load(protocol: ServerProtocol, connection: number): readonly string[] {
  return Array.from({ length: STATEMENTS_PER_CONNECTION }, (_, index) => {
    const number = connection * STATEMENTS_PER_CONNECTION + index;
    if (protocol === 'redis') return index % 2 === 0 ? `SET key:${number} value-${number}` : `GET key:${number - 1}`;
    return `SELECT ${number} AS number, 'row ${number}' AS name`;
  });
}

describe('MariaDB, PostgreSQL and Redis behind ClusterIPs', () => {
  const cluster = testCluster();
  let namespace: string;
  const templates = new Map<string, string>();
  const templateOf = (workload: string) =>
    cluster.kubectl(['get', workload, '-n', namespace, '-o', 'jsonpath={.spec.template}']);

  beforeAll(async () => {
    await install(cluster);
    namespace = await cluster.createNamespace('shop');
    await cluster.apply(
      manifests(
        ...PROTOCOLS.flatMap((protocol) => [
          deployment(protocol, serverTemplate(protocol, protocol)),
          service(protocol, protocol),
        ]),
        deployment('client', clientTemplate('client')),
      ),
      namespace,
    );
    for (const workload of WORKLOADS) {
      await cluster.waitForCondition(workload, 'Available', namespace);
      templates.set(workload, await templateOf(workload));
    }
    await dbauditDone(cluster, 'enable', ...WORKLOADS, '-n', namespace, '--wait');
    for (const protocol of PROTOCOLS) {
      for (let connection = 0; connection < CONNECTIONS; connection++) {
        const command = clientCommand(protocol, protocol, load(protocol, connection));
        await runClient(cluster, { namespace, target: 'deployment/client' }, command);
      }
    }
  });
  afterAll(() => cluster.deleteNamespace(namespace));

  test.each(PROTOCOLS)('%s: both sides see every statement that the server logged', async (protocol) => {
    const counted = await loggedStatements(cluster, { protocol, namespace, target: `deployment/${protocol}` });
    expect(counted.length).toBeGreaterThanOrEqual(CONNECTIONS * STATEMENTS_PER_CONNECTION);
    for (const side of [protocol, 'client']) {
      const described = await cluster.waitFor(`${protocol} seen from ${side}`, async () => {
        const ledger = new EventLedger(protocol);
        for (const event of await eventsOf(cluster, namespace, `deployment/${side}`)) {
          if (event.network?.protocol === protocol) ledger.add(event);
        }
        const comparison = compare(counted, ledger.statements);
        if (comparison.seen < comparison.counted) throw new Error(describeComparison(comparison));
        return describeComparison(comparison);
      });
      expect(described).toBe(`${counted.length} counted, ${counted.length} seen, 0 missed, 0 extra`);
    }
  });

  test('disabled again, the pods are as before, byte for byte in their template', async () => {
    await dbauditDone(cluster, 'disable', ...WORKLOADS, '-n', namespace, '--wait');
    for (const workload of WORKLOADS) expect(await templateOf(workload)).toBe(templates.get(workload));
    const pods = JSON.parse(await cluster.kubectl(['get', 'pods', '-n', namespace, '-o', 'json']));
    const alive = pods.items.filter(
      (pod: { metadata: { deletionTimestamp?: string } }) => !pod.metadata.deletionTimestamp,
    );
    expect(JSON.stringify(alive)).not.toContain('dbaudit');
  });
});
