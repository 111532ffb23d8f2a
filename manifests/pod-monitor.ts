import type { KubernetesObject } from '../contract/kubernetes-object.ts';
import { CERTIFICATE_SECRET, OWN_CERTIFICATES } from './certificate.ts';
import { clusterMetadata, INJECTOR, INJECTOR_SELECTOR, metadata } from './metadata.ts';
import type { InstallOptions } from './options.ts';
import { RBAC } from './policy-rule.ts';

const READER = 'dbaudit-metrics-reader';

/**
 * Scraping by a Prometheus operator, with an account of its own that may read `/metrics` and nothing else. A PodMonitor
 * takes its token from a Secret only, so there is one.
 */
export function renderPodMonitor(options: InstallOptions): KubernetesObject[] {
  if (options.injector !== 'webhook' || !options.podMonitor) return [];
  const token = metadata(options, 'injector', READER);
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: token, automountServiceAccountToken: false },
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { ...token, annotations: { 'kubernetes.io/service-account.name': READER } },
      type: 'kubernetes.io/service-account-token',
    },
    {
      apiVersion: `${RBAC}/v1`,
      kind: 'ClusterRole',
      metadata: clusterMetadata(options, 'injector', READER),
      rules: [{ nonResourceURLs: ['/metrics'], verbs: ['get'] }],
    },
    {
      apiVersion: `${RBAC}/v1`,
      kind: 'ClusterRoleBinding',
      metadata: clusterMetadata(options, 'injector', READER),
      roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name: READER },
      subjects: [{ kind: 'ServiceAccount', name: READER, namespace: options.namespace }],
    },
    {
      apiVersion: 'monitoring.coreos.com/v1',
      kind: 'PodMonitor',
      metadata: metadata(options, 'injector', INJECTOR),
      spec: {
        selector: { matchLabels: INJECTOR_SELECTOR },
        podMetricsEndpoints: [
          {
            port: 'https',
            scheme: 'https',
            path: '/metrics',
            authorization: { type: 'Bearer', credentials: { name: READER, key: 'token' } },
            tlsConfig: {
              serverName: `${INJECTOR}.${options.namespace}.svc`,
              ca: { secret: { name: options.certManager ? CERTIFICATE_SECRET : OWN_CERTIFICATES, key: 'ca.crt' } },
            },
          },
        ],
      },
    },
  ];
}
