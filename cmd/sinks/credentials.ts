import { SINK_SECRET } from '../../contract/labels.ts';
import { UserError } from '../../contract/user-error.ts';
import { mapConcurrently } from '../concurrency.ts';
import type { Cluster } from '../kubernetes/cluster.ts';
import type { Screen } from '../output/screen.ts';
import { readConfiguredSinks } from './agent-config.ts';

const NAMESPACES_AT_A_TIME = 8;

/**
 * Which of these namespaces lack the Secret that the agents' configuration names files of; none where it names none.
 * @throws UserError DBA1102 where the caller may not look, DBA1001 where the configuration cannot be read
 */
export async function namespacesWithoutSecret(
  cluster: Cluster,
  ownNamespace: string,
  namespaces: readonly string[],
): Promise<readonly string[]> {
  if ((await readConfiguredSinks(cluster, ownNamespace))?.needsSecret !== true) return [];
  const found = await mapConcurrently(namespaces, NAMESPACES_AT_A_TIME, (namespace) =>
    cluster.find({ apiVersion: 'v1', kind: 'Secret' }, SINK_SECRET, namespace),
  );
  return namespaces.filter((_, index) => found[index] === undefined);
}

/** Says of each namespace without that Secret what helps. Not being able to look is no reason to say anything. */
export async function tellMissingSecrets(
  world: { readonly cluster: Cluster; readonly ownNamespace: string; readonly screen: Pick<Screen, 'say'> },
  namespaces: ReadonlySet<string>,
): Promise<void> {
  const { cluster, ownNamespace, screen } = world;
  const missing = await namespacesWithoutSecret(cluster, ownNamespace, [...namespaces]).catch((error: unknown) => {
    if (error instanceof UserError) return [];
    throw error;
  });
  for (const namespace of missing) {
    const what = `sinks use files of the Secret ${SINK_SECRET}, and ${namespace} has none: events wait for it in the spool`;
    screen.say(`note: DBA4008: ${what}. ${secretAdvice(namespace)}`);
  }
}

/** What helps a namespace without the Secret. */
export function secretAdvice(namespace: string): string {
  return (
    `\`kubectl create secret generic ${SINK_SECRET} -n ${namespace} --from-file=NAME=FILE\`, or install with ` +
    '--sink-secret and --mirror-sink-secret and label the namespace; agents take it up without a restart.'
  );
}
