import {
  COLLECTOR_CA_MAP,
  COLLECTOR_CERTIFICATE_SECRET,
  COLLECTOR_CHECKPOINTS_MAP,
  COLLECTOR_CONFIG_MAP,
  COLLECTOR_KEYS_SECRET,
} from '../contract/collector-objects.ts';
import type { KubernetesObject } from '../contract/kubernetes-object.ts';
import { AGENT_CONFIG_MAP } from '../contract/labels.ts';
import { COLLECTOR, COLLECTOR_POD, clusterMetadata, labels, metadata } from './metadata.ts';
import type { InstallOptions } from './options.ts';
import { type PolicyRule, RBAC } from './policy-rule.ts';

const CLIENT = 'dbaudit-collector-client';
const SYSTEM_NAMESPACE = 'kube-system';
/** Made by every API server, for servers that, like us, are asked by its users. */
const CLIENT_AUTHORITY_READER = 'extension-apiserver-authentication-reader';

/** The service account of the collector, the least it needs, and what its users need to reach it. */
export function renderCollectorRoles(options: InstallOptions): KubernetesObject[] {
  if (!options.collector) return [];
  const subjects = [{ kind: 'ServiceAccount', name: COLLECTOR, namespace: options.namespace }];
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: metadata(options, 'collector', COLLECTOR) },
    {
      apiVersion: `${RBAC}/v1`,
      kind: 'ClusterRole',
      metadata: clusterMetadata(options, 'collector', COLLECTOR),
      rules: CLUSTER_RULES,
    },
    {
      apiVersion: `${RBAC}/v1`,
      kind: 'ClusterRoleBinding',
      metadata: clusterMetadata(options, 'collector', COLLECTOR),
      roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name: COLLECTOR },
      subjects,
    },
    {
      apiVersion: `${RBAC}/v1`,
      kind: 'Role',
      metadata: metadata(options, 'collector', COLLECTOR),
      rules: OWN_NAMESPACE_RULES,
    },
    {
      apiVersion: `${RBAC}/v1`,
      kind: 'RoleBinding',
      metadata: metadata(options, 'collector', COLLECTOR),
      roleRef: { apiGroup: RBAC, kind: 'Role', name: COLLECTOR },
      subjects,
    },
    ...(options.collectorClientCertificates
      ? [
          {
            apiVersion: `${RBAC}/v1`,
            kind: 'RoleBinding',
            metadata: { name: COLLECTOR, namespace: SYSTEM_NAMESPACE, labels: labels(options, 'collector') },
            roleRef: { apiGroup: RBAC, kind: 'Role', name: CLIENT_AUTHORITY_READER },
            subjects,
          },
        ]
      : []),
    {
      apiVersion: `${RBAC}/v1`,
      kind: 'Role',
      metadata: metadata(options, 'access', CLIENT),
      rules: CLIENT_RULES,
    },
    {
      apiVersion: `${RBAC}/v1`,
      kind: 'RoleBinding',
      metadata: metadata(options, 'access', CLIENT),
      roleRef: { apiGroup: RBAC, kind: 'Role', name: CLIENT },
      subjects: [{ apiGroup: RBAC, kind: 'Group', name: options.collectorUsers }],
    },
  ];
}

const READ = ['get', 'list', 'watch'];

const CLUSTER_RULES: readonly PolicyRule[] = [
  // Who sends events, who asks, and what they may.
  { apiGroups: ['authentication.k8s.io'], resources: ['tokenreviews'], verbs: ['create'] },
  { apiGroups: ['authorization.k8s.io'], resources: ['subjectaccessreviews'], verbs: ['create'] },
  // Who is behind an address; events are kept as events.
  { apiGroups: [''], resources: ['pods', 'services', 'nodes', 'namespaces', 'events'], verbs: READ },
  { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: READ },
  { apiGroups: ['apps'], resources: ['replicasets'], verbs: READ },
  { apiGroups: ['batch'], resources: ['jobs'], verbs: READ },
  // Kubernetes 1.33; before, the range of services is learnt from their addresses.
  { apiGroups: ['networking.k8s.io'], resources: ['servicecidrs'], verbs: ['list'] },
];

const OWN_NAMESPACE_RULES: readonly PolicyRule[] = [
  {
    apiGroups: [''],
    resources: ['secrets'],
    resourceNames: [COLLECTOR_CERTIFICATE_SECRET, COLLECTOR_KEYS_SECRET],
    // Made by server-side apply: only so can the right to create be bound to a name.
    verbs: [...READ, 'create', 'patch', 'update'],
  },
  {
    apiGroups: [''],
    resources: ['configmaps'],
    resourceNames: [COLLECTOR_CA_MAP, COLLECTOR_CHECKPOINTS_MAP, AGENT_CONFIG_MAP],
    verbs: [...READ, 'create', 'patch'],
  },
  { apiGroups: [''], resources: ['configmaps'], resourceNames: [COLLECTOR_CONFIG_MAP], verbs: READ },
];

/** The pod alone, and what its certificate is checked with. */
const CLIENT_RULES: readonly PolicyRule[] = [
  { apiGroups: [''], resources: ['configmaps'], resourceNames: [COLLECTOR_CA_MAP], verbs: ['get'] },
  { apiGroups: [''], resources: ['pods/portforward'], resourceNames: [COLLECTOR_POD], verbs: ['get', 'create'] },
];
