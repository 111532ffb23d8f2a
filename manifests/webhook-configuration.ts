import type { KubernetesObject } from '../contract/kubernetes-object.ts';
import { CAPTURE_LABEL, CAPTURE_VALUES, EXCLUDED_NAMESPACES } from '../contract/labels.ts';
import { CERTIFICATE } from './certificate.ts';
import { clusterMetadata, INJECTOR } from './metadata.ts';
import type { InstallOptions } from './options.ts';
import { SERVICE_PORT } from './service.ts';

/** Every second of it may delay a selected pod while the injector hangs. */
const TIMEOUT_SECONDS = 3;

const NAMESPACE_NAME_LABEL = 'kubernetes.io/metadata.name';

/**
 * Which pods the API server asks the injector about: those of labelled namespaces that say nothing themselves, and those
 * that say so themselves. No pod is selected by both, and no other pod ever depends on us. Pods that have an agent
 * are not left out: they come again after another webhook changed them.
 */
export function renderWebhookConfiguration(options: InstallOptions): KubernetesObject[] {
  if (options.injector !== 'webhook') return [];
  const allowedNamespaces = {
    key: NAMESPACE_NAME_LABEL,
    operator: 'NotIn',
    values: [...EXCLUDED_NAMESPACES, options.namespace],
  };
  const injector = {
    admissionReviewVersions: ['v1'],
    clientConfig: {
      service: { name: INJECTOR, namespace: options.namespace, path: '/inject', port: SERVICE_PORT },
    },
    rules: [{ apiGroups: [''], apiVersions: ['v1'], resources: ['pods'], operations: ['CREATE'], scope: 'Namespaced' }],
    matchPolicy: 'Equivalent',
    failurePolicy: options.failurePolicy,
    reinvocationPolicy: 'IfNeeded',
    // Events, and the configuration beside the workload.
    sideEffects: 'NoneOnDryRun',
    timeoutSeconds: TIMEOUT_SECONDS,
  };
  const injectCa = { annotations: { 'cert-manager.io/inject-ca-from': `${options.namespace}/${CERTIFICATE}` } };
  return [
    {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'MutatingWebhookConfiguration',
      metadata: { ...clusterMetadata(options, 'injector', INJECTOR), ...(options.certManager ? injectCa : {}) },
      webhooks: [
        {
          name: 'namespace.inject.dbaudit.io',
          ...injector,
          namespaceSelector: { matchLabels: { [CAPTURE_LABEL]: 'enabled' }, matchExpressions: [allowedNamespaces] },
          objectSelector: {
            matchExpressions: [{ key: CAPTURE_LABEL, operator: 'NotIn', values: [...CAPTURE_VALUES] }],
          },
        },
        {
          name: 'pod.inject.dbaudit.io',
          ...injector,
          namespaceSelector: { matchExpressions: [allowedNamespaces] },
          objectSelector: { matchLabels: { [CAPTURE_LABEL]: 'enabled' } },
        },
      ],
    },
  ];
}
