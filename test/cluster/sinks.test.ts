import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import * as z from 'zod';
import { outputSchemas } from '../../cmd/output/schemas/index.ts';
import { type SinkListDocument, sinkListSchema } from '../../cmd/output/schemas/sink-list.ts';
import {
  AGENT_CONTAINER,
  DEFAULT_NAMESPACE,
  PART_OF_LABEL,
  PART_OF_VALUE,
  SINK_SECRET,
  SINK_SECRET_LABEL,
  SPOOL_DIRECTORY,
} from '../../contract/labels.ts';
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
import { dbaudit, dbauditDone, install } from '../support/cluster/installation.ts';
import { FILL_BYTES, FULL_SPOOL, FULL_VOLUME } from '../support/cluster/storage-pods.ts';
import { testCluster } from '../support/cluster/suite.ts';
import { compare, describeComparison } from '../support/completeness/comparison.ts';
import { EventLedger } from '../support/completeness/event-ledger.ts';
import { temporaryDirectory } from '../support/leftovers.ts';
import { validEvents } from '../support/replayed.ts';
import { type KafkaServer, startKafka } from '../support/servers/kafka.ts';
import { KAFKA_PASSWORD, KAFKA_USER } from '../support/servers/kafka-settings.ts';

const TOPIC = 'audit';
const SINK = 'kafka-audit';
const PASSWORD_FILE = 'kafka-password';
const WRONG_PASSWORD = 'not-the-pass#word';
const CONNECTIONS = 3;
const STATEMENTS_PER_CONNECTION = 40;
const WORKLOADS = ['deployment/db', 'deployment/client'];

describe('events of sidecars reach a broker outside the cluster', () => {
  const cluster = testCluster();
  const files = temporaryDirectory('sinks');
  let kafka: KafkaServer;
  let namespace: string;
  let unlabelled: string;

  const secretIn = (where: string) =>
    cluster.kubectl(['get', 'secret', SINK_SECRET, '-n', where, '--ignore-not-found', '-o', 'json']);

  /** Queries of one client after the other; each statement differs from all others. */
  async function load(round: string): Promise<void> {
    for (let connection = 0; connection < CONNECTIONS; connection++) {
      const statements = Array.from(
        { length: STATEMENTS_PER_CONNECTION },
        (_, index) => `SELECT '${round}' AS round, ${connection * STATEMENTS_PER_CONNECTION + index} AS number`,
      );
      const client = { namespace, target: 'deployment/client' };
      await runClient(cluster, client, clientCommand('postgresql', 'db', statements));
    }
  }

  beforeAll(async () => {
    kafka = await startKafka({ saslHost: cluster.hostAddress });
    await kafka.createTopic(TOPIC);
    const config = join(files.path, 'agent.yaml');
    writeFileSync(
      config,
      JSON.stringify({
        sinks: [
          { type: 'stdout' },
          {
            name: SINK,
            type: 'kafka',
            brokers: [kafka.address('sasl')],
            topic: TOPIC,
            sasl: {
              mechanism: 'scram-sha-512',
              username: KAFKA_USER,
              passwordFile: `/etc/dbaudit/secrets/${PASSWORD_FILE}`,
            },
          },
        ],
      }),
    );
    writeFileSync(join(files.path, PASSWORD_FILE), KAFKA_PASSWORD);
    await install(
      cluster,
      ...['--agent-config', config, '--mirror-sink-secret'],
      ...['--sink-secret', join(files.path, PASSWORD_FILE)],
    );
    namespace = await cluster.createNamespace('sinks', { [SINK_SECRET_LABEL]: 'enabled' });
    unlabelled = await cluster.createNamespace('sinks-not');
    await cluster.apply(
      manifests(
        deployment('db', serverTemplate('db', 'postgresql')),
        service('db', 'postgresql'),
        deployment('client', clientTemplate('client')),
      ),
      namespace,
    );
    await cluster.apply(manifests(deployment('client', clientTemplate('client')), FULL_SPOOL, FULL_VOLUME), unlabelled);
    await cluster.waitForCondition('deployment/db', 'Available', namespace);
    await dbauditDone(cluster, 'enable', ...WORKLOADS, '-n', namespace, '--wait');
    await cluster.waitForCondition('pod/full-spool', 'Ready', unlabelled);
    await cluster.kubectl([
      ...['exec', '-n', unlabelled, 'full-spool', '-c', AGENT_CONTAINER, '--', '/bin/node', '-e'],
      `require('node:fs').writeFileSync('${SPOOL_DIRECTORY}/fill', Buffer.alloc(${FILL_BYTES}))`,
    ]);
  });

  afterAll(async () => {
    for (const name of [namespace, unlabelled]) if (name !== undefined) await cluster.deleteNamespace(name);
    await cluster.kubectl(['delete', 'secret', SINK_SECRET, '-n', DEFAULT_NAMESPACE, '--ignore-not-found']);
    // Agents of other files have sinks of their own.
    await install(cluster);
    await kafka?.stop();
    files.remove();
  });

  test('what a consumer reads is what the database server logged, over the broker’s death and return', async () => {
    await load('before');
    await kafka.kill9();
    await load('without a broker');
    await kafka.restart();
    await load('after');
    const counted = await loggedStatements(cluster, { protocol: 'postgresql', namespace, target: 'deployment/db' });
    expect(counted.length).toBeGreaterThanOrEqual(3 * CONNECTIONS * STATEMENTS_PER_CONNECTION);
    for (const side of ['db', 'client']) {
      const described = await cluster.waitFor(`the events of ${side} in Kafka`, async () => {
        const messages = await kafka.consume(TOPIC);
        const lines = messages.map(({ value }) => value.toString('utf8').trim());
        const events = new Map(validEvents(lines.join('\n')).map((event) => [event.event.id, event]));
        const ledger = new EventLedger('postgresql');
        for (const event of events.values()) {
          if (event.kubernetes?.pod?.name.startsWith(`${side}-`)) ledger.add(event);
        }
        const comparison = compare(counted, ledger.statements);
        if (comparison.missed.length > 0) throw new Error(describeComparison(comparison));
        return describeComparison(comparison);
      });
      expect(described).toBe(`${counted.length} counted, ${counted.length} seen, 0 missed, 0 extra`);
    }
  });

  test('sink list tells how agents fare with it', async () => {
    const { items } = await cluster.waitFor('agents that are done', async (): Promise<SinkListDocument | false> => {
      const said = await dbauditDone(cluster, 'sink', 'list', '-n', namespace, '-o', 'json');
      const document = sinkListSchema.parse(JSON.parse(said));
      return document.items.every(({ agents }) => agents.waitingEvents === 0) && document;
    });
    expect(items.map(({ name, type }) => ({ name, type }))).toEqual([
      { name: 'stdout', type: 'stdout' },
      { name: SINK, type: 'kafka' },
    ]);
    expect(items[1]).toMatchObject({
      place: `kafka://${kafka.address('sasl')}/${TOPIC}`,
      agents: { answered: 2, troubled: 0, droppedEvents: 0, sentEvents: expect.any(Number) },
    });
    expect(items[1]?.agents.sentEvents).toBeGreaterThan(3 * CONNECTIONS * STATEMENTS_PER_CONNECTION);
  });

  test('the spool’s volume is bounded, and the Secret is in no environment and readable by the agent alone', async () => {
    const pod = await cluster.kubectl(['get', 'pods', '-n', namespace, '-l', 'app=db', '-o', 'json']);
    expect(pod).toContain('"sizeLimit": "1Gi"');
    expect(pod).not.toContain(KAFKA_PASSWORD);
    const inServer = await cluster.run('kubectl', [
      ...['exec', '-n', namespace, 'deployment/db', '-c', 'server', '--'],
      ...['ls', '/etc/dbaudit/secrets'],
    ]);
    expect(inServer.code).not.toBe(0);
  });

  test.each(['in our namespace', 'in that of a workload'])('sink test %s: written and read back', async (where) => {
    const words = where === 'in our namespace' ? [] : ['-n', namespace];
    const { code, stdout, stderr } = await dbaudit(cluster, ['sink', 'test', SINK, '-o', 'json', ...words]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.not.stringContaining('error') });
    expect(outputSchemas.SinkTest?.parse(JSON.parse(stdout))).toMatchObject({
      ok: true,
      steps: ['configuration', 'write', 'read-back'].map((name) => ({ name, outcome: 'ok' })),
    });
    expect(await testPods()).toEqual([]);
  });

  test('credentials are copied only where the namespace’s label asks; enable says where they are missing', async () => {
    const { stderr } = await dbaudit(cluster, ['enable', 'deployment/client', '-n', unlabelled, '--wait']);
    expect(stderr).toContain(`note: DBA4008: sinks use files of the Secret ${SINK_SECRET}, and ${unlabelled} has none`);
    expect(await secretIn(unlabelled)).toBe('');
    await cluster.kubectl(['label', 'namespace', unlabelled, `${SINK_SECRET_LABEL}=enabled`]);
    await cluster.waitFor('the Secret', async () => (await secretIn(unlabelled)) !== '');
    await cluster.kubectl(['label', 'namespace', unlabelled, `${SINK_SECRET_LABEL}=disabled`, '--overwrite']);
    await cluster.waitFor('the Secret to go', async () => (await secretIn(unlabelled)) === '');
  });

  test('a wrong password is named and not shown; the copy in the namespace follows', async () => {
    const stdin = { stdin: WRONG_PASSWORD };
    const changed = await dbaudit(cluster, ['upgrade', '--sink-secret', `${PASSWORD_FILE}=-`, '--wait'], stdin);
    expect(changed).toMatchObject({ code: 0, stdout: expect.stringMatching(/^secret\/dbaudit-sinks .* configured$/m) });
    const { code, stdout, stderr } = await dbaudit(cluster, ['sink', 'test', SINK]);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^× write .* DBA4001$/m);
    expect(stdout).toContain(KAFKA_USER);
    const copied = await cluster.waitFor('the copy', async () => {
      const { data } = secretSchema.parse(JSON.parse(await secretIn(namespace)));
      return Buffer.from(data[PASSWORD_FILE] ?? '', 'base64').toString('utf8') === WRONG_PASSWORD;
    });
    expect(copied).toBe(true);
    const record = await cluster.kubectl([
      'get',
      'configmaps',
      '-A',
      '-l',
      `${PART_OF_LABEL}=${PART_OF_VALUE}`,
      '-o',
      'yaml',
    ]);
    for (const text of [stdout, stderr, changed.stdout, changed.stderr, record]) {
      expect(text).not.toContain(WRONG_PASSWORD);
      expect(text).not.toContain(Buffer.from(WRONG_PASSWORD).toString('base64'));
    }
    expect(await testPods()).toEqual([]);
  });

  test('a full spool counts against no limit of the application’s; a volume of somebody without one does', async () => {
    const stateOf = async (pod: string) => {
      const path = 'jsonpath={.status.phase} {.status.reason} {.status.message}';
      return await cluster.kubectl(['get', 'pod', pod, '-n', unlabelled, '-o', path]);
    };
    await cluster.waitFor('the kubelet to count', async () => (await stateOf('full-volume')).includes('Evicted'));
    expect(await stateOf('full-volume')).toContain('exceeds the total limit of containers 50Mi');
    expect((await stateOf('full-spool')).trim()).toBe('Running');
  });

  async function testPods(): Promise<string[]> {
    const selector = 'app.kubernetes.io/component=sink-test';
    const found = await cluster.kubectl(['get', 'pods', '-A', '-l', selector, '-o', 'name']);
    return found.split('\n').filter((line) => line !== '');
  }
});

const secretSchema = z.looseObject({ data: z.record(z.string(), z.string()) });
