import { COLLECTOR_PORT } from '../contract/collector-api.ts';
import {
  COLLECTOR_CONFIG_DIRECTORY,
  COLLECTOR_CONFIG_MAP,
  COLLECTOR_DATA_DIRECTORY,
  COLLECTOR_DATA_VOLUME,
  COLLECTOR_SECRETS,
  COLLECTOR_SECRETS_DIRECTORY,
} from '../contract/collector-objects.ts';
import type { KubernetesObject } from '../contract/kubernetes-object.ts';
import { COLLECTOR, COLLECTOR_SELECTOR, labels, metadata } from './metadata.ts';
import type { InstallOptions } from './options.ts';

/** `nobody` of distroless images; any other number would do. */
const USER = 65_532;
/** What it has taken is on disk already; it ends its readers' streams and closes the store. */
const TERMINATION_SECONDS = 60;
/** A store of hundreds of partitions is opened, and the cluster listed, within this. */
const START_SECONDS = 300;
const PROBE_SECONDS = 5;

/** The collector: one pod with its volume, and the Service by which agents and users find it. */
export function renderCollector(options: InstallOptions): KubernetesObject[] {
  if (!options.collector) return [];
  const name = metadata(options, 'collector', COLLECTOR);
  const port = {
    name: 'https',
    port: COLLECTOR_PORT,
    targetPort: COLLECTOR_PORT,
    protocol: 'TCP',
    appProtocol: 'https',
  };
  return [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: name,
      spec: { type: 'ClusterIP', selector: COLLECTOR_SELECTOR, ports: [port] },
    },
    ...(options.networkPolicy
      ? [
          {
            apiVersion: 'networking.k8s.io/v1',
            kind: 'NetworkPolicy',
            metadata: name,
            // Where it sends alerts to, and reads events from, only its configuration knows: egress is left open.
            spec: {
              podSelector: { matchLabels: COLLECTOR_SELECTOR },
              policyTypes: ['Ingress'],
              ingress: [{ ports: [{ protocol: 'TCP', port: COLLECTOR_PORT }] }],
            },
          },
        ]
      : []),
    // The one there is may be away, so that it never blocks the draining of its node: agents keep what they could not send.
    ...(options.disruptionBudget
      ? [
          {
            apiVersion: 'policy/v1',
            kind: 'PodDisruptionBudget',
            metadata: name,
            spec: { maxUnavailable: 1, selector: { matchLabels: COLLECTOR_SELECTOR } },
          },
        ]
      : []),
    {
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      metadata: name,
      spec: {
        // One store, one writer.
        replicas: 1,
        serviceName: COLLECTOR,
        selector: { matchLabels: COLLECTOR_SELECTOR },
        template: {
          metadata: {
            labels: labels(options, 'collector'),
            annotations: { 'kubectl.kubernetes.io/default-container': 'collector' },
          },
          spec: podSpec(options),
        },
        ...(options.collectorPersistent ? { volumeClaimTemplates: [volumeClaim(options)] } : {}),
      },
    },
  ];
}

/** Nothing in it may change between versions, and it does not carry our label: the data outlives an uninstallation. */
function volumeClaim({ collectorStorage, collectorStorageClass }: InstallOptions): unknown {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: COLLECTOR_DATA_VOLUME },
    spec: {
      accessModes: ['ReadWriteOnce'],
      ...(collectorStorageClass === '' ? {} : { storageClassName: collectorStorageClass }),
      resources: { requests: { storage: collectorStorage } },
    },
  };
}

function podSpec(options: InstallOptions): unknown {
  return {
    serviceAccountName: COLLECTOR,
    enableServiceLinks: false,
    terminationGracePeriodSeconds: TERMINATION_SECONDS,
    imagePullSecrets: options.imagePullSecrets,
    nodeSelector: { 'kubernetes.io/os': 'linux' },
    tolerations: options.tolerations,
    securityContext: {
      runAsNonRoot: true,
      runAsUser: USER,
      runAsGroup: USER,
      fsGroup: USER,
      // A large store would be looked through at each start.
      fsGroupChangePolicy: 'OnRootMismatch',
      seccompProfile: { type: 'RuntimeDefault' },
    },
    containers: [container(options)],
    volumes: [
      { name: 'configuration', configMap: { name: COLLECTOR_CONFIG_MAP } },
      { name: 'secrets', secret: { secretName: COLLECTOR_SECRETS, optional: true, defaultMode: 0o440 } },
      { name: 'temporary', emptyDir: {} },
      ...(options.collectorPersistent
        ? []
        : [{ name: COLLECTOR_DATA_VOLUME, emptyDir: { sizeLimit: options.collectorStorage } }]),
    ],
  };
}

function container(options: InstallOptions): unknown {
  const get = (path: string) => ({ scheme: 'HTTPS', port: COLLECTOR_PORT, path });
  return {
    name: 'collector',
    image: options.collectorImage,
    imagePullPolicy: options.imagePullPolicy,
    env: [
      { name: 'DBAUDIT_NAMESPACE', valueFrom: { fieldRef: { fieldPath: 'metadata.namespace' } } },
      { name: 'DBAUDIT_POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
    ],
    ports: [{ name: 'https', containerPort: COLLECTOR_PORT, protocol: 'TCP' }],
    startupProbe: {
      httpGet: get('/healthz'),
      periodSeconds: PROBE_SECONDS,
      failureThreshold: START_SECONDS / PROBE_SECONDS,
    },
    readinessProbe: { httpGet: get('/readyz'), periodSeconds: PROBE_SECONDS, failureThreshold: 2 },
    livenessProbe: { httpGet: get('/healthz'), periodSeconds: 10, timeoutSeconds: PROBE_SECONDS, failureThreshold: 6 },
    resources: options.collectorResources,
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    },
    volumeMounts: [
      { name: 'configuration', mountPath: COLLECTOR_CONFIG_DIRECTORY, readOnly: true },
      { name: 'secrets', mountPath: COLLECTOR_SECRETS_DIRECTORY, readOnly: true },
      { name: COLLECTOR_DATA_VOLUME, mountPath: COLLECTOR_DATA_DIRECTORY },
      { name: 'temporary', mountPath: '/tmp' },
    ],
  };
}
