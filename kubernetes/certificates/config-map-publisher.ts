import { CoreV1Api, type KubeConfig, PatchStrategy, setHeaderOptions, type V1ConfigMap } from '@kubernetes/client-node';
import type { Logger } from 'pino';
import { PART_OF_LABEL, PART_OF_VALUE } from '../../contract/labels.ts';
import { messageOf, startInformer } from '../informer.ts';
import type { BundlePublisher, PublisherOptions } from './serving-certificate.ts';

export interface ConfigMapPublisherOptions extends PublisherOptions {
  readonly kubeConfig: KubeConfig;
  readonly namespace: string;
  /** Owns the keys; what others have in the same ConfigMaps stays. */
  readonly fieldManager: string;
  /** Each is made where it is missing. */
  readonly places: readonly ConfigMapKey[];
  readonly log: Logger;
}

interface ConfigMapKey {
  readonly name: string;
  readonly key: string;
}

/** Authorities in ConfigMaps, for callers that mount or read them. */
export function publishInConfigMaps(options: ConfigMapPublisherOptions): BundlePublisher {
  const { kubeConfig, namespace, fieldManager, places, wanted, onChange, log } = options;
  const core = kubeConfig.makeApiClient(CoreV1Api);
  const copies = places.map((place) => {
    const fieldSelector = `metadata.name=${place.name}`;
    const informer = startInformer<V1ConfigMap>({
      kubeConfig,
      path: `/api/v1/namespaces/${namespace}/configmaps`,
      fieldSelector,
      list: () => core.listNamespacedConfigMap({ namespace, fieldSelector }),
      onChange,
      log,
    });
    const holds = (bundle: string) => informer.get(place.name, namespace)?.data?.[place.key] === bundle;
    return { ...place, informer, holds };
  });
  const apply = async ({ name, key }: ConfigMapKey, bundle: string): Promise<void> => {
    const metadata = { name, namespace, labels: { [PART_OF_LABEL]: PART_OF_VALUE } };
    // Applied: only so can the right to create be bound to a name.
    await core.patchNamespacedConfigMap(
      {
        name,
        namespace,
        body: { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { [key]: bundle } },
        fieldManager,
        force: true,
      },
      setHeaderOptions('Content-Type', PatchStrategy.ServerSideApply),
    );
    log.info({ configMap: name, key }, 'the authority was published');
  };
  let underWay = false;
  return {
    holds: (bundle) => copies.every((copy) => copy.holds(bundle)),
    publish: async (bundle) => {
      const differing = copies.filter(({ informer, holds }) => informer.synced() && !holds(bundle));
      if (underWay || differing.length === 0) return;
      underWay = true;
      try {
        const right = await wanted();
        if (right === undefined) return;
        for (const copy of differing) if (!copy.holds(right)) await apply(copy, right);
      } catch (error) {
        log.error(`publishing the authority: ${messageOf(error)}`);
      } finally {
        underWay = false;
      }
    },
    stop: () => {
      for (const { informer } of copies) informer.stop();
    },
  };
}
