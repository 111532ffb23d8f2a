import { createHash } from 'node:crypto';
import { CoreV1Api, type KubeConfig, PatchStrategy, setHeaderOptions } from '@kubernetes/client-node';
import { COLLECTOR_CHECKPOINTS_MAP } from '../../contract/collector-objects.ts';
import { PART_OF_LABEL, PART_OF_VALUE } from '../../contract/labels.ts';
import { parseCheckpoint } from './checkpoint-schema.ts';
import { NewestCheckpoints } from './newest-checkpoints.ts';
import type { Checkpoint } from './seal.ts';
import type { Witness } from './witness.ts';

/** Each write is one to etcd. What somebody who has both the store and the signing key could cut off unseen is no older. */
const WRITE_MILLIS = 30_000;
/** Of 400 bytes each: a ConfigMap takes 1 MiB. */
const MAX_CHAINS = 2_000;
const KEY_DIGITS = 32;
const FIELD_MANAGER = 'dbaudit-collector';

/** The newest checkpoint of each chain in a ConfigMap: whoever has the collector's volume cannot change it. */
export async function openConfigMapWitness(
  kubeConfig: KubeConfig,
  namespace: string,
  onProblem: (error: unknown) => void,
): Promise<Witness> {
  const core = kubeConfig.makeApiClient(CoreV1Api);
  const read = async (): Promise<Checkpoint[]> => {
    // A list, since a ConfigMap that is not there yet is no error.
    const { items } = await core.listNamespacedConfigMap({
      namespace,
      fieldSelector: `metadata.name=${COLLECTOR_CHECKPOINTS_MAP}`,
    });
    return Object.values(items[0]?.data ?? {}).flatMap((text) => parseCheckpoint(text) ?? []);
  };
  let known: Map<string, Checkpoint> | undefined;
  const write = async (checkpoints: readonly Checkpoint[]) => {
    known ??= new Map((await read()).sort((a, b) => a.at - b.at).map((checkpoint) => [checkpoint.chain, checkpoint]));
    for (const checkpoint of checkpoints) {
      known.delete(checkpoint.chain);
      known.set(checkpoint.chain, checkpoint);
      const [oldest] = known.keys();
      if (known.size > MAX_CHAINS && oldest !== undefined) known.delete(oldest);
    }
    const data = Object.fromEntries(
      [...known.values()].map((checkpoint) => [keyOf(checkpoint.chain), JSON.stringify(checkpoint)]),
    );
    const metadata = { name: COLLECTOR_CHECKPOINTS_MAP, namespace, labels: { [PART_OF_LABEL]: PART_OF_VALUE } };
    await core.patchNamespacedConfigMap(
      {
        name: COLLECTOR_CHECKPOINTS_MAP,
        namespace,
        body: { apiVersion: 'v1', kind: 'ConfigMap', metadata, data },
        fieldManager: FIELD_MANAGER,
        force: true,
      },
      setHeaderOptions('Content-Type', PatchStrategy.ServerSideApply),
    );
  };
  const newest = new NewestCheckpoints({ intervalMillis: WRITE_MILLIS, write, onProblem });
  return {
    publish: (checkpoints) => newest.add(checkpoints),
    read: async (chain) => (await read()).filter((checkpoint) => checkpoint.chain === chain),
    chains: async () => (await read()).map(({ chain }) => chain),
    close: () => newest.close(),
  };
}

/** A chain's name may have characters that a key may not. */
function keyOf(chain: string): string {
  return createHash('sha256').update(chain).digest('hex').slice(0, KEY_DIGITS);
}
