import { CoreV1Api, type KubeConfig, type V1ConfigMap } from '@kubernetes/client-node';
import type { Logger } from 'pino';
import { startInformer } from '../../kubernetes/informer.ts';

/** Where the API server publishes whose certificates it believes, for servers that extend it. */
const NAMESPACE = 'kube-system';
const CONFIG_MAP = 'extension-apiserver-authentication';
const KEY = 'client-ca-file';

/**
 * Calls with the cluster's client CA as PEM, and with each change of it. It takes the Role
 * extension-apiserver-authentication-reader; a cluster without that ConfigMap has no users with certificates here.
 */
export function watchClientAuthority({
  kubeConfig,
  log,
  onAuthority,
}: {
  readonly kubeConfig: KubeConfig;
  readonly log: Logger;
  onAuthority(certificates: string): void;
}): { stop(): void } {
  const core = kubeConfig.makeApiClient(CoreV1Api);
  const fieldSelector = `metadata.name=${CONFIG_MAP}`;
  let known = '';
  return startInformer<V1ConfigMap>({
    kubeConfig,
    path: `/api/v1/namespaces/${NAMESPACE}/configmaps`,
    fieldSelector,
    list: () => core.listNamespacedConfigMap({ namespace: NAMESPACE, fieldSelector }),
    onChange: ({ data }, change) => {
      const certificates = data?.[KEY];
      if (change === 'gone' || certificates === undefined || certificates === known) return;
      known = certificates;
      onAuthority(certificates);
    },
    log,
  });
}
