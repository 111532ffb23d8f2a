import type { KubernetesObject } from '../contract/kubernetes-object.ts';
import { CERTIFICATE_SECRET } from './certificate.ts';
import { INJECTOR, INJECTOR_SELECTOR, labels, metadata } from './metadata.ts';
import type { InstallOptions } from './options.ts';
import { INJECTOR_PORT } from './service.ts';

/** `nobody` of distroless images; any other number would do. */
const USER = 65_532;
const CERTIFICATE_DIRECTORY = '/etc/dbaudit/certificate';
/** The injector drains for 10 s. */
const TERMINATION_SECONDS = 30;

/** The injector: replicas apart from each other, nothing but a port and the API server. */
export function renderDeployment(options: InstallOptions): KubernetesObject[] {
  if (options.injector !== 'webhook') return [];
  return [
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: metadata(options, 'injector', INJECTOR),
      spec: {
        replicas: options.replicas,
        // A new injector answers before an old one ends.
        strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
        selector: { matchLabels: INJECTOR_SELECTOR },
        template: {
          metadata: {
            labels: labels(options, 'injector'),
            annotations: { 'kubectl.kubernetes.io/default-container': 'injector' },
          },
          spec: podSpec(options),
        },
      },
    },
  ];
}

function podSpec(options: InstallOptions): unknown {
  return {
    serviceAccountName: INJECTOR,
    enableServiceLinks: false,
    terminationGracePeriodSeconds: TERMINATION_SECONDS,
    imagePullSecrets: options.imagePullSecrets,
    nodeSelector: options.nodeSelector,
    tolerations: options.tolerations,
    ...spread(),
    securityContext: {
      runAsNonRoot: true,
      runAsUser: USER,
      runAsGroup: USER,
      fsGroup: USER,
      seccompProfile: { type: 'RuntimeDefault' },
    },
    containers: [container(options)],
    ...(options.certManager
      ? { volumes: [{ name: 'certificate', secret: { secretName: CERTIFICATE_SECRET, defaultMode: 0o440 } }] }
      : {}),
  };
}

function container(options: InstallOptions): unknown {
  return {
    name: 'injector',
    image: options.image,
    imagePullPolicy: options.imagePullPolicy,
    command: ['/bin/node', '/opt/dbaudit/dbaudit-webhook.mjs'],
    env: [
      { name: 'DBAUDIT_NAMESPACE', valueFrom: { fieldRef: { fieldPath: 'metadata.namespace' } } },
      { name: 'DBAUDIT_POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
      ...(options.mirrorSinkSecret ? [{ name: 'DBAUDIT_MIRROR_SINK_SECRET', value: 'true' }] : []),
      ...(options.certManager ? [{ name: 'DBAUDIT_CERTIFICATE_DIRECTORY', value: CERTIFICATE_DIRECTORY }] : []),
    ],
    ports: [{ name: 'https', containerPort: INJECTOR_PORT, protocol: 'TCP' }],
    // The port opens once there is a certificate.
    startupProbe: { httpGet: get('/healthz'), periodSeconds: 2, failureThreshold: 60 },
    readinessProbe: { httpGet: get('/readyz'), periodSeconds: 2, failureThreshold: 2 },
    livenessProbe: { httpGet: get('/healthz'), periodSeconds: 10, failureThreshold: 3 },
    resources: options.resources,
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    },
    ...(options.certManager
      ? { volumeMounts: [{ name: 'certificate', mountPath: CERTIFICATE_DIRECTORY, readOnly: true }] }
      : {}),
  };
}

function get(path: string): unknown {
  return { scheme: 'HTTPS', port: INJECTOR_PORT, path };
}

/** Apart by wish, not by demand: on a cluster of one node both replicas run there. */
function spread(): Record<string, unknown> {
  const labelSelector = { matchLabels: INJECTOR_SELECTOR };
  return {
    affinity: {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [{ matchExpressions: [{ key: 'kubernetes.io/os', operator: 'In', values: ['linux'] }] }],
        },
      },
      podAntiAffinity: {
        preferredDuringSchedulingIgnoredDuringExecution: [
          { weight: 100, podAffinityTerm: { topologyKey: 'kubernetes.io/hostname', labelSelector } },
        ],
      },
    },
    topologySpreadConstraints: [
      { maxSkew: 1, topologyKey: 'topology.kubernetes.io/zone', whenUnsatisfiable: 'ScheduleAnyway', labelSelector },
    ],
  };
}
