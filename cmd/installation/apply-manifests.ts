import { UserError } from '../../contract/user-error.ts';
import type { Cluster, KubernetesObject } from '../kubernetes/cluster.ts';
import type { Screen } from '../output/screen.ts';
import { objectName } from './own-objects.ts';

/** Where objects are tried whose own namespace is not there yet. */
const TRIAL_NAMESPACE = 'default';

interface Applying {
  readonly cluster: Cluster;
  readonly screen: Screen;
  readonly signal: AbortSignal;
  readonly dryRun: 'none' | 'client' | 'server';
}

/**
 * Applies the objects in order and names each as kubectl does: `created`, `configured`, `unchanged`. With `server` the
 * API server checks them and keeps nothing, with `client` it is asked nothing.
 * @throws UserError of the first object that is refused; what came before it stays
 */
export async function applyManifests(objects: readonly KubernetesObject[], applying: Applying): Promise<void> {
  const { cluster, screen, signal, dryRun } = applying;
  const namespace = objects.find(({ metadata }) => metadata.namespace !== undefined)?.metadata.namespace;
  const present = dryRun === 'client' || namespace === undefined ? undefined : await findNamespace(cluster, namespace);
  if (present?.metadata.deletionTimestamp !== undefined) throw beingDeleted(present);
  const tried = dryRun === 'server' && present === undefined;
  for (const object of objects) {
    if (signal.aborted) {
      throw new UserError('DBA1104', `interrupted before ${objectName(object)}`, 'Run it again: it goes on there.');
    }
    const name = objectName(object);
    if (dryRun === 'client') {
      screen.print(`${name} (dry run)`);
      continue;
    }
    if (!(await cluster.serves(object))) {
      throw new UserError(
        'DBA1103',
        `${name}: the API server serves no ${object.kind} in ${object.apiVersion}`,
        'Leave out the value that asks for it, or install what serves it first.',
      );
    }
    const before = await cluster.find(object, object.metadata.name, object.metadata.namespace);
    const trial = tried && object.metadata.namespace === namespace ? moved(object, TRIAL_NAMESPACE) : object;
    const after = await cluster.apply(trial, { dryRun: dryRun === 'server' });
    screen.print(`${name} ${outcome(before, after)}${dryRun === 'server' ? ' (server dry run)' : ''}`);
  }
}

function outcome(before: KubernetesObject | undefined, after: KubernetesObject): string {
  if (before === undefined) return 'created';
  return before.metadata.resourceVersion === after.metadata.resourceVersion ? 'unchanged' : 'configured';
}

function findNamespace(cluster: Cluster, name: string): Promise<KubernetesObject | undefined> {
  return cluster.find({ apiVersion: 'v1', kind: 'Namespace' }, name);
}

function beingDeleted({ metadata: { name } }: KubernetesObject): UserError {
  return new UserError(
    'DBA1107',
    `namespace ${name} is still being deleted`,
    'Wait until it is gone; `kubectl dbaudit uninstall` says what holds it.',
  );
}

function moved(object: KubernetesObject, namespace: string): KubernetesObject {
  return { ...object, metadata: { ...object.metadata, namespace } };
}
