import { UserError } from '../../contract/user-error.ts';
import type { Cluster } from '../kubernetes/cluster.ts';
import type { Screen } from '../output/screen.ts';
import { mergeValues, type Values } from './install-values.ts';

const STORAGE_CLASS = { apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass' };
/** https://kubernetes.io/docs/concepts/storage/storage-classes/#default-storageclass */
const IS_DEFAULT = 'storageclass.kubernetes.io/is-default-class';

/**
 * The values with the choice of the collector's volume in them, so that an upgrade does not choose anew: a claim that no
 * StorageClass fills would keep the collector from starting. What the values say already stays.
 */
export async function resolveStorage(cluster: Cluster, values: Values, say: Screen['say']): Promise<Values> {
  if (values.collector === false || values.collectorPersistent !== undefined) return values;
  const named = typeof values.collectorStorageClass === 'string' && values.collectorStorageClass !== '';
  const collectorPersistent = named || (await hasDefaultClass(cluster));
  if (!collectorPersistent) {
    say(
      'note: this cluster has no default StorageClass, so the collector keeps events in its pod alone: they are gone when it is ' +
        'moved or deleted. --collector-storage-class names a class, --collector-storage none says that this is meant.',
    );
  }
  return mergeValues(values, { collectorPersistent });
}

/** Whoever may not look is taken to have one, as most clusters do. */
async function hasDefaultClass(cluster: Cluster): Promise<boolean> {
  try {
    const classes = await cluster.list(STORAGE_CLASS);
    return classes.some(({ metadata }) => metadata.annotations?.[IS_DEFAULT] === 'true');
  } catch (error) {
    if (error instanceof UserError && error.code === 'DBA1102') return true;
    throw error;
  }
}
