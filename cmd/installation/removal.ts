import { setTimeout as sleep } from 'node:timers/promises';
import { UserError } from '../../contract/user-error.ts';
import { CERTIFICATE_SECRET, OWN_CERTIFICATES } from '../../manifests/certificate.ts';
import { labels } from '../../manifests/metadata.ts';
import { installOptionsSchema } from '../../manifests/options.ts';
import type { Cluster, KubernetesObject } from '../kubernetes/cluster.ts';
import type { Screen } from '../output/screen.ts';
import { namespaceTrouble, strangersIn } from './namespace-contents.ts';
import { INTERCEPTING_KINDS, isOwned, listOwnObjects, objectName } from './own-objects.ts';

const POLL_MILLIS = 500;
const NOW = { gracePeriodSeconds: 0 };

interface Removing {
  readonly cluster: Cluster;
  readonly namespace: string;
  readonly screen: Screen;
  readonly signal: AbortSignal;
  readonly timeoutMillis: number;
  /** Take finalizers from our own objects, and pods of ours from nodes that do not answer. */
  readonly force: boolean;
}

/** Takes away what changes the pods of others: from here on no pod depends on us. */
export async function removeInterceptors({ cluster, screen }: Removing): Promise<void> {
  const { objects } = await listOwnObjects(cluster);
  for (const object of objects.filter(({ kind }) => INTERCEPTING_KINDS.includes(kind))) {
    await remove(cluster, screen, object);
  }
}

/**
 * Takes away all that carries our label until a listing finds nothing, since a dying injector may yet write something.
 * A namespace of ours that holds things of others stays, without our label.
 * @throws UserError DBA1104 naming what is left and what holds it, when the time is up
 */
export async function removeAll(removing: Removing, update: (state: string) => void): Promise<void> {
  const { cluster, screen, signal, timeoutMillis, namespace, force } = removing;
  const deadline = Date.now() + timeoutMillis;
  const told = new Set<string>();
  for (;;) {
    const { objects, unseen } = await listOwnObjects(cluster);
    if (unseen.length > 0) {
      throw new UserError(
        'DBA1102',
        `no right to list ${unseen.join(', ')}: something of dbaudit may be left`,
        'Ask an administrator of the cluster to run it.',
      );
    }
    if (objects.length === 0) return;
    for (const object of objects) {
      if (object.kind === 'Namespace' && (await keepForOthers(removing, object))) continue;
      // A node that does not answer never reports that its pods have ended.
      if (force && object.kind === 'Pod')
        await cluster.remove(object, object.metadata.name, object.metadata.namespace, NOW);
      if (force && object.metadata.deletionTimestamp !== undefined) await release(cluster, screen, object);
      else if (!isOwned(object)) await remove(cluster, screen, object, told);
    }
    update(`objects left: ${objects.length}`);
    if (Date.now() >= deadline) throw await stuck(cluster, namespace);
    await sleep(POLL_MILLIS, undefined, { signal });
  }
}

async function remove(
  cluster: Cluster,
  screen: Screen,
  object: KubernetesObject,
  told = new Set<string>(),
): Promise<void> {
  const { name, namespace } = object.metadata;
  if (object.metadata.deletionTimestamp !== undefined || !(await cluster.remove(object, name, namespace))) return;
  const text = objectName(object);
  if (!told.has(text)) screen.print(`${text} deleted`);
  told.add(text);
}

/** Takes the finalizers of an object that is being deleted: what should have acted on them is gone. */
async function release(cluster: Cluster, screen: Screen, object: KubernetesObject): Promise<void> {
  const { name, namespace, finalizers = [] } = object.metadata;
  if (finalizers.length === 0) return;
  await cluster
    .patch(object, name, namespace, { type: 'merge', body: { metadata: { finalizers: null } } })
    .catch(unlessGone);
  screen.print(`${objectName(object)} released from ${finalizers.join(', ')}`);
}

async function keepForOthers({ cluster, screen }: Removing, object: KubernetesObject): Promise<boolean> {
  const { name, deletionTimestamp } = object.metadata;
  if (deletionTimestamp !== undefined) return false;
  const strangers = await strangersIn(cluster, name);
  if (strangers.length === 0) return false;
  const ours = Object.keys(labels(installOptionsSchema.parse({}), 'configuration')).map((label) => [label, null]);
  const body = { metadata: { labels: Object.fromEntries(ours) } };
  await cluster.patch(object, name, undefined, { type: 'merge', body });
  // Not labelled by us, and of no use without us. What the collector keeps, and the keys to it, stays.
  for (const secret of [OWN_CERTIFICATES, CERTIFICATE_SECRET]) {
    await cluster.remove({ apiVersion: 'v1', kind: 'Secret' }, secret, name);
  }
  screen.say(`note: namespace ${name} stays, since it holds what is not ours: ${strangers.join(', ')}`);
  return true;
}

async function stuck(cluster: Cluster, namespace: string): Promise<UserError> {
  const { objects } = await listOwnObjects(cluster);
  const left = objects.map((object) => {
    const { finalizers = [] } = object.metadata;
    return `${objectName(object)}${finalizers.length > 0 ? ` (held by ${finalizers.join(', ')})` : ''}`;
  });
  const trouble = await namespaceTrouble(cluster, namespace);
  return new UserError(
    'DBA1104',
    ['these are still there:', ...left, ...trouble].join('\n  '),
    'Run it again with --force: it takes the finalizers of our own objects and gives up pods whose node is lost. What is not ours its owner must take away.',
  );
}

function unlessGone(error: unknown): void {
  if (!(error instanceof UserError) || error.code !== 'DBA1103') throw error;
}
