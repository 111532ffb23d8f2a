import type { KubernetesObject } from '../../contract/kubernetes-object.ts';
import { UserError } from '../../contract/user-error.ts';
import type { InstallOptions } from '../../manifests/options.ts';
import { renderManifests } from '../../manifests/render.ts';
import type { CommandContext } from '../context.ts';
import type { Cluster } from '../kubernetes/cluster.ts';
import { applyManifests } from './apply-manifests.ts';
import { chooseInjector, type InjectorChoice } from './choose-injector.ts';
import { waitForCollector } from './collector-state.ts';
import { completeOptions, mergeValues, type Values } from './install-values.ts';
import { waitForInjector } from './readiness.ts';
import { readSecretFiles, sinkSecret } from './sink-secret.ts';
import { valuesRecord } from './values-record.ts';

/** What `install` and `upgrade` have in common beside the values. */
export interface InstallFlags {
  readonly injector: InjectorChoice;
  readonly dryRun: 'none' | 'client' | 'server';
  readonly wait: boolean;
  readonly timeout: number;
  /** Files for the sinks' Secret; without them it stays as it is. */
  readonly sinkSecret?: readonly string[];
}

const UNCOPIED =
  'note: with the policy nobody copies the configuration of agents into namespaces: create ConfigMap dbaudit-agent there ' +
  '(and Secret dbaudit-sinks, where it names files of that), or agents run on their defaults.';
const UNMIRRORED =
  'note: the Secret dbaudit-sinks is in dbaudit’s namespace alone, where `sink test` uses it. Agents need it in theirs: ' +
  'create it there, or let --mirror-sink-secret copy it.';

/**
 * The values with the choice of the injector in them. `auto` leaves what the values say already, and takes the webhook
 * where agents are given a configuration, such as that they send to the collector: it alone copies that into the namespaces
 * of workloads.
 */
export async function resolveInjector(
  context: CommandContext,
  choice: InjectorChoice,
  values: Values,
  mayBeOffline: boolean,
): Promise<Values> {
  if (choice === 'auto' && values.injector !== undefined) return values;
  const configured = values.agentConfig !== undefined || values.mirrorSinkSecret === true || values.collector !== false;
  if (choice === 'webhook' || (choice === 'auto' && configured)) return mergeValues(values, { injector: 'webhook' });
  if (configured) context.screen.say(UNCOPIED);
  try {
    return mergeValues(values, await chooseInjector(choice, await context.cluster()));
  } catch (error) {
    if (!mayBeOffline || choice !== 'auto' || !(error instanceof UserError) || error.code !== 'DBA1101') throw error;
    context.screen.say('note: no cluster to ask, so this is for the webhook; --injector policy gives the other.');
    return mergeValues(values, { injector: 'webhook' });
  }
}

/** Applies what the values ask for and waits until it works. Gives the objects, in the order in which they were applied. */
export async function applyInstallation(
  context: CommandContext,
  cluster: Cluster,
  values: Values,
  flags: InstallFlags,
): Promise<{ readonly options: InstallOptions; readonly objects: readonly KubernetesObject[] }> {
  const { screen, signal } = context;
  const options = completeOptions(values);
  const rendered = renderManifests(options);
  const record = valuesRecord(options.namespace, values);
  const files = flags.sinkSecret && (await readSecretFiles(flags.sinkSecret, context.stdin));
  const secrets = files === undefined ? [] : [await sinkSecret(cluster, options, files)];
  const objects = [...rendered.slice(0, 1), record, ...secrets, ...rendered.slice(1)];
  await applyManifests(objects, { cluster, screen, signal, dryRun: flags.dryRun });
  if (secrets.length > 0 && !options.mirrorSinkSecret) screen.say(UNMIRRORED);
  if (flags.dryRun !== 'none' || !flags.wait) return { options, objects };
  const deadline = Date.now() + flags.timeout;
  const note = await screen.progress('waiting for the injector', (update) =>
    waitForInjector(cluster, { namespace: options.namespace, timeoutMillis: flags.timeout, signal, update }),
  );
  if (note !== undefined) screen.say(`note: the injector runs, but could not be tried out: ${note}`);
  if (options.collector) {
    const timeoutMillis = Math.max(0, deadline - Date.now());
    await screen.progress('waiting for the collector', (update) =>
      waitForCollector(cluster, { namespace: options.namespace, timeoutMillis, signal, update }),
    );
  }
  return { options, objects };
}
