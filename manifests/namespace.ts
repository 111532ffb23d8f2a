import type { KubernetesObject } from '../contract/kubernetes-object.ts';
import { POD_SECURITY_LABEL } from '../contract/labels.ts';
import { clusterMetadata } from './metadata.ts';
import type { InstallOptions } from './options.ts';

/** The injector meets the strictest level; nothing else runs here. */
const LEVEL = 'restricted';

/** Our own namespace, with its Pod Security level. */
export function renderNamespace(options: InstallOptions): KubernetesObject[] {
  if (!options.createNamespace) return [];
  const { labels, ...rest } = clusterMetadata(options, 'configuration', options.namespace);
  const security = {
    [POD_SECURITY_LABEL]: LEVEL,
    'pod-security.kubernetes.io/warn': LEVEL,
    'pod-security.kubernetes.io/audit': LEVEL,
  };
  return [{ apiVersion: 'v1', kind: 'Namespace', metadata: { ...rest, labels: { ...labels, ...security } } }];
}
