import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { outputSchemas } from '../../cmd/output/schemas/index.ts';
import { auditEventSchema } from '../../contract/audit-event.ts';
import { CAPTURE_LABEL } from '../../contract/labels.ts';
import { runClient } from '../support/cluster/client.ts';
import {
  clientCommand,
  clientTemplate,
  deployment,
  manifests,
  serverTemplate,
  service,
} from '../support/cluster/database-pods.ts';
import { dbaudit, dbauditDone, install } from '../support/cluster/installation.ts';
import { type RunningCommand, startDbaudit } from '../support/cluster/running-command.ts';
import { testCluster } from '../support/cluster/suite.ts';

/** Longer than the 16 KiB after which container runtimes split a line, and than what a pipe takes at once. */
const LONG_VALUE = 'x'.repeat(60_000);

const cluster = testCluster();
let namespace: string;
const running: RunningCommand[] = [];

beforeAll(async () => {
  await install(cluster);
  namespace = await cluster.createNamespace('tail');
  const { metadata, spec } = clientTemplate('client');
  const captured = { metadata: { labels: { ...metadata.labels, [CAPTURE_LABEL]: 'enabled' } }, spec };
  await cluster.apply(
    manifests(
      deployment('redis', serverTemplate('redis', 'redis')),
      service('redis', 'redis'),
      deployment('client', captured),
    ),
    namespace,
  );
  await cluster.waitForCondition('deployment/redis', 'Available', namespace);
  await cluster.waitForCondition('deployment/client', 'Available', namespace);
});

afterAll(async () => {
  for (const tail of running) await tail.stop();
  if (namespace !== undefined) await cluster.deleteNamespace(namespace);
});

/** What one login in the client's pod asks of Redis. */
async function ask(...statements: readonly string[]): Promise<void> {
  const command = clientCommand('redis', 'redis', statements);
  await runClient(cluster, { namespace, target: 'deployment/client' }, command);
}

/** A tail that goes on until it is stopped. */
function follow(...words: readonly string[]): RunningCommand {
  const tail = startDbaudit(cluster, ['tail', '-n', namespace, ...words]);
  running.push(tail);
  return tail;
}

describe('tail', () => {
  test('shows statements as they come, with names for addresses, and ends by Ctrl-C', async () => {
    const { said, stop, until } = follow('deploy/client');
    await until('the pod to be followed', () => said.stderr.includes(`+ ${namespace} client-`));
    await ask('SET greeting hello', 'GET greeting');
    await until('the statement', () => said.stdout.includes('GET greeting'));
    expect(said.stdout).toMatch(/^TIME +CLIENT +SERVER +USER@DB +STATEMENT +ROWS +TOOK$/m);
    expect(said.stdout).toMatch(
      new RegExp(
        `^[\\d:.]{12} +client-\\S+ +redis\\.${namespace}:6379 +\\S+ +SET greeting hello +[\\d.]+(µs|ms)$`,
        'm',
      ),
    );
    expect(await stop()).toBe(0);
  });

  test('follows a pod that takes the place of another', async () => {
    const { said, stop, until } = follow('deploy/client', '-o', 'template={{statement}}');
    await until('the pod to be followed', () => said.stderr.includes('+ '));
    const [, first] = /\+ \S+ (\S+)/.exec(said.stderr) ?? [];
    await cluster.kubectl(['delete', 'pod', '-n', namespace, first ?? '', '--wait']);
    await until('another pod', () => (said.stderr.match(/^\+ /gm) ?? []).length === 2);
    await until('the first to be let go', () => said.stderr.includes(`- ${namespace} ${first}`));
    await cluster.waitForCondition('deployment/client', 'Available', namespace);
    await ask('SET second pod');
    await until('its statement', () => said.stdout.includes('SET second pod'));
    await stop();
    // Whatever else was in the log was there once.
    const statements = said.stdout.split('\n').filter((line) => line.startsWith('SET'));
    expect(new Set(statements).size).toBe(statements.length);
  });

  test('puts lines together that the container runtime has split', async () => {
    await ask(`SET long ${LONG_VALUE}`);
    const { stdout } = await cluster.waitFor('the long statement', async () => {
      const found = await dbaudit(cluster, ['tail', '-n', namespace, '--no-follow', '-o', 'json', '-i', '^SET long']);
      return found.stdout.includes('SET long') ? found : undefined;
    });
    const event = auditEventSchema.parse(
      JSON.parse(stdout.split('\n').find((line) => line.includes('SET long')) ?? ''),
    );
    expect(event.db?.query?.text).toBe(`SET long ${LONG_VALUE}`);
  });

  test('gives what is there as valid events, each once, in order, with no number missing', async () => {
    const output = await dbauditDone(cluster, 'tail', '-n', namespace, '--no-follow', '-o', 'json');
    const events = output
      .trimEnd()
      .split('\n')
      .map((line) => auditEventSchema.parse(JSON.parse(line)));
    expect(events.length).toBeGreaterThan(3);
    expect(new Set(events.map(({ event }) => event.id)).size).toBe(events.length);
    expect(events.filter(({ event }) => event.reason === 'events-missing')).toEqual([]);
    const sequences = events.map(({ event }) => event.sequence);
    expect(sequences).toEqual(sequences.map((_, index) => index));
  });

  test('says what to do where nothing is', async () => {
    const empty = await dbaudit(cluster, ['tail', '-n', namespace, '--no-follow', 'deploy/redis']);
    expect(empty.code).toBe(0);
    expect(empty.stdout).toBe('');
    expect(empty.stderr).toContain(`No pod with an agent: deployment/redis in namespace ${namespace}.`);
    expect(empty.stderr).toContain(`kubectl dbaudit enable deployment/redis -n ${namespace}`);
  });
});

test('top ranks what was asked', async () => {
  await ask(...Array.from({ length: 20 }, (_, index) => `INCR counter:${index}`));
  const document = await cluster.waitFor('all of it to be counted', async () => {
    const output = await dbauditDone(cluster, 'top', 'statements', '-n', namespace, '--window', '10m', '-o', 'json');
    const top = JSON.parse(output);
    return top.items.some((item: { name: string; count: number }) => item.name === 'INCR' && item.count === 20)
      ? top
      : undefined;
  });
  expect(outputSchemas.Top?.safeParse(document).error).toBeUndefined();
  expect(document.items[0]).toMatchObject({ name: 'INCR', count: 20, errors: 0 });
});
