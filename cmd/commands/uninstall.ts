import { setTimeout as sleep } from 'node:timers/promises';
import { Command } from 'commander';
import { UserError } from '../../contract/user-error.ts';
import type { CommandContext } from '../context.ts';
import { parseDuration } from '../duration.ts';
import { injectedPods, restartOwners } from '../installation/injected-pods.ts';
import { listOwnObjects, OWN_TYPES } from '../installation/own-objects.ts';
import { waitForSilence } from '../installation/readiness.ts';
import { removeAll, removeInterceptors } from '../installation/removal.ts';
import type { Cluster } from '../kubernetes/cluster.ts';
import type { PodView } from '../kubernetes/pods.ts';

const TWO_MINUTES = 120_000;
const POLL_MILLIS = 1_000;
const MOST_NAMED = 20;

interface Options {
  readonly force?: true;
  readonly restartWorkloads?: true;
  readonly timeout: number;
}

/** `kubectl dbaudit uninstall`: works from here alone, whatever state our own pods are in. */
export function buildUninstall(context: CommandContext): Command {
  return new Command('uninstall')
    .description(
      'Remove dbaudit from the cluster: first what changes pods, then everything that carries its label, then its namespace. Refuses while pods have an agent. Labels that users set stay.',
    )
    .option('--restart-workloads', 'restart what has agents, so that its new pods have none')
    .option('--force', 'leave agents in running pods, and take finalizers and lost pods of dbaudit away')
    .option(
      '--timeout <duration>',
      'how long to wait for restarts, and for what is deleted to go',
      parseDuration,
      TWO_MINUTES,
    )
    .action((options: Options) => uninstall(context, options));
}

async function uninstall(context: CommandContext, options: Options): Promise<void> {
  const { screen, signal } = context;
  const cluster = await context.cluster();
  const namespace = await context.ownNamespace();
  const pods = await injectedPods(cluster);
  if (pods.length > 0 && options.force === undefined && options.restartWorkloads === undefined)
    throw stillInjected(pods);
  if (pods.length === 0 && (await listOwnObjects(cluster)).objects.length === 0) {
    screen.say('Nothing of dbaudit is in this cluster.');
    return;
  }
  const { timeout: timeoutMillis, force = false } = options;
  const removing = { cluster, namespace, screen, signal, timeoutMillis, force };
  await removeInterceptors(removing);
  if (options.restartWorkloads === true) {
    await screen.progress('waiting for the API server to let pods be', () => waitForSilence(cluster, signal));
    await restart(context, cluster, options);
  }
  await screen.progress('removing', (update) => removeAll(removing, update));
  const left = await injectedPods(cluster);
  screen.say(
    `${screen.paint('green', '√')} Looked through ${OWN_TYPES.length} kinds of objects in all namespaces: nothing of dbaudit is left.`,
  );
  if (left.length > 0) screen.say(`Agents still run in ${names(left)}; they end with their pods.`);
}

/** Waits until the agents are gone; pods that nothing would make anew keep theirs. */
async function restart(
  { screen, signal }: CommandContext,
  cluster: Cluster,
  { timeout, force }: Options,
): Promise<void> {
  const deadline = Date.now() + timeout;
  const restarted = new Set<string | undefined>();
  const kept = new Map<string | undefined, PodView>();
  await screen.progress('restarting workloads', async (update) => {
    for (;;) {
      const left = (await injectedPods(cluster)).filter(({ object }) => !kept.has(object.metadata.uid));
      // Other API servers may for a while do as before: pods made by them are restarted once more.
      const fresh = left.filter(({ object }) => !restarted.has(object.metadata.uid));
      for (const pod of fresh) restarted.add(pod.object.metadata.uid);
      const alone = await restartOwners(cluster, fresh, (name) => screen.print(`${name} restarted`));
      for (const pod of alone) kept.set(pod.object.metadata.uid, pod);
      if (left.length === alone.length) break;
      update(`pods with an agent: ${left.length} left`);
      if (Date.now() >= deadline) {
        if (force === true) break;
        throw new UserError(
          'DBA1104',
          `pods with an agent are still there after ${Math.round(timeout / 1_000)} s: ${names(left)}`,
          'New pods get no agent any more. Run it again, with --force to leave these as they are.',
        );
      }
      await sleep(POLL_MILLIS, undefined, { signal });
    }
  });
  if (kept.size > 0) {
    screen.say(`note: nothing would make these pods anew, so they keep their agents: ${names([...kept.values()])}`);
  }
}

function stillInjected(pods: readonly PodView[]): UserError {
  return new UserError(
    'DBA1106',
    `${pods.length === 1 ? 'a pod has' : `${pods.length} pods have`} an agent: ${names(pods)}`,
    '--restart-workloads restarts what they belong to, `kubectl dbaudit disable` ends capture for good, --force leaves them as they are.',
  );
}

function names(pods: readonly PodView[]): string {
  const shown = pods.slice(0, MOST_NAMED).map(({ name, namespace }) => `${namespace}/${name}`);
  const more = pods.length - shown.length;
  return `${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
