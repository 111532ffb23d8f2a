import {
  ApiException,
  CoreV1Api,
  type KubeConfig,
  PatchStrategy,
  setHeaderOptions,
  type V1Secret,
} from '@kubernetes/client-node';
import type { Logger } from 'pino';
import { PART_OF_LABEL, PART_OF_VALUE } from '../../contract/labels.ts';
import { startInformer } from '../informer.ts';
import type { CertificateStore, StoredCertificates } from './certificate-keeper.ts';

const CONFLICT = 409;

export interface CertificateSecretOptions {
  readonly kubeConfig: KubeConfig;
  readonly namespace: string;
  readonly name: string;
  /** Field manager of this replica. */
  readonly podName: string;
  readonly log: Logger;
  onChange(): void;
}

export interface CertificateSecret extends CertificateStore {
  /** From the API server itself, not from the local copy. */
  read(): Promise<StoredCertificates>;
  stop(): void;
}

/** The Secret that the replicas share. */
export function watchCertificateSecret(options: CertificateSecretOptions): CertificateSecret {
  const { kubeConfig, namespace, name, podName, log, onChange } = options;
  const core = kubeConfig.makeApiClient(CoreV1Api);
  const fieldSelector = `metadata.name=${name}`;
  const informer = startInformer<V1Secret>({
    kubeConfig,
    path: `/api/v1/namespaces/${namespace}/secrets`,
    fieldSelector,
    list: () => core.listNamespacedSecret({ namespace, fieldSelector }),
    onChange,
    log,
  });
  const metadata = { name, namespace, labels: { [PART_OF_LABEL]: PART_OF_VALUE } };
  return {
    current: () => {
      const secret = informer.get(name, namespace);
      return secret && storedOf(secret);
    },
    read: async () => storedOf(await core.readNamespacedSecret({ name, namespace })),
    synced: informer.synced,
    stop: informer.stop,
    // Applied, so that the right to create can be bound to this name; not forced and under a name of our own, so that
    // the API server refuses it where another replica was first.
    create: (data) =>
      unlessConflict(
        core.patchNamespacedSecret(
          {
            name,
            namespace,
            body: { apiVersion: 'v1', kind: 'Secret', metadata, type: 'Opaque', data },
            fieldManager: podName,
          },
          setHeaderOptions('Content-Type', PatchStrategy.ServerSideApply),
        ),
      ),
    replace: ({ resourceVersion, annotations, data }) =>
      unlessConflict(
        core.replaceNamespacedSecret({
          name,
          namespace,
          body: { metadata: { ...metadata, annotations, resourceVersion }, type: 'Opaque', data },
        }),
      ),
  };
}

function storedOf({ metadata, data }: V1Secret): StoredCertificates {
  return {
    resourceVersion: metadata?.resourceVersion ?? '',
    annotations: metadata?.annotations ?? {},
    data: data ?? {},
  };
}

async function unlessConflict(write: Promise<unknown>): Promise<'written' | 'lost'> {
  try {
    await write;
    return 'written';
  } catch (error) {
    if (error instanceof ApiException && error.code === CONFLICT) return 'lost';
    throw error;
  }
}
