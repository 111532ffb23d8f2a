import { join } from 'node:path';
import type { AuditEvent } from '../../../contract/audit-event.ts';
import { AGENT_CONTAINER } from '../../../contract/labels.ts';
import { validEvents } from '../replayed.ts';
import { IMAGES } from './suite-images.ts';
import type { CommandOptions, CommandResult, TestCluster } from './test-cluster.ts';

const PLUGIN = join(import.meta.dirname, '../../../bin/kubectl-dbaudit');

/** `kubectl dbaudit` with these words, from this checkout; gives what it said, whatever it ended with. */
export function dbaudit(
  cluster: TestCluster,
  words: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const { NODE_OPTIONS: _, ...environment } = { ...cluster.environment, ...options.environment };
  return cluster.run(PLUGIN, words, { ...options, environment: { ...environment, NODE_OPTIONS: '' } });
}

/** As `dbaudit`, and rejects with what was said where it ends with anything but 0. */
export async function dbauditDone(cluster: TestCluster, ...words: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await dbaudit(cluster, words);
  if (code !== 0) throw new Error(`dbaudit ${words.join(' ')} ended with ${code}:\n${stdout}\n${stderr}`);
  return stdout;
}

/** Installs, or brings what is installed to these options, without the collector; waits until pods are given agents. */
export async function install(cluster: TestCluster, ...options: readonly string[]): Promise<void> {
  const words = ['--no-collector', '--image', IMAGES.dbaudit, '--wait', '--timeout', '180s', ...options];
  await dbauditDone(cluster, 'install', ...words);
}

/** Likewise, with it. */
export async function installWithCollector(cluster: TestCluster, ...options: readonly string[]): Promise<void> {
  const images = ['--image', IMAGES.dbaudit, '--collector-image', IMAGES.collector];
  await dbauditDone(cluster, 'install', '--with-collector', ...images, '--wait', '--timeout', '180s', ...options);
}

/** What the agent of a pod wrote so far, each event held against the contract; its own log is left out. */
export async function eventsOf(cluster: TestCluster, namespace: string, target: string): Promise<AuditEvent[]> {
  const log = await cluster.kubectl(['logs', '-n', namespace, target, '-c', AGENT_CONTAINER, '--tail=-1']);
  const lines = log.split('\n').filter((line) => line.includes('"dbaudit":{"schema":'));
  return validEvents(lines.join('\n'));
}
