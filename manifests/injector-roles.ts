import { INJECTION_CONFIG_MAP } from '../contract/injection-settings.ts';
import type { KubernetesObject } from '../contract/kubernetes-object.ts';
import { AGENT_CONFIG_MAP, SINK_SECRET } from '../contract/labels.ts';
import { OWN_CERTIFICATES } from './certificate.ts';
import { clusterMetadata, INJECTOR, metadata } from './metadata.ts';
import type { InstallOptions } from './options.ts';
import { type PolicyRule, RBAC } from './policy-rule.ts';

/** The service account of the injector and the least it needs. */
export function renderInjectorRoles(options: InstallOptions): KubernetesObject[] {
  if (options.injector !== 'webhook') return [];
  const subjects = [{ kind: 'ServiceAccount', name: INJECTOR, namespace: options.namespace }];
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: metadata(options, 'injector', INJECTOR) },
    {
      apiVersion: `${RBAC}/v1`,
      kind: 'ClusterRole',
      metadata: clusterMetadata(options, 'injector', INJECTOR),
      rules: clusterRules(options),
    },
    {
      apiVersion: `${RBAC}/v1`,
      kind: 'ClusterRoleBinding',
      metadata: clusterMetadata(options, 'injector', INJECTOR),
      roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name: INJECTOR },
      subjects,
    },
    {
      apiVersion: `${RBAC}/v1`,
      kind: 'Role',
      metadata: metadata(options, 'injector', INJECTOR),
      rules: ownNamespaceRules(options),
    },
    {
      apiVersion: `${RBAC}/v1`,
      kind: 'RoleBinding',
      metadata: metadata(options, 'injector', INJECTOR),
      roleRef: { apiGroup: RBAC, kind: 'Role', name: INJECTOR },
      subjects,
    },
  ];
}

function clusterRules({ certManager, mirrorSinkSecret }: InstallOptions): PolicyRule[] {
  return [
    // Labels, annotations and Pod Security levels decide on injection.
    { apiGroups: [''], resources: ['namespaces'], verbs: ['get', 'list', 'watch'] },
    // A pod that no longer fits its quota would be refused because of us.
    { apiGroups: [''], resources: ['resourcequotas', 'limitranges'], verbs: ['list', 'watch'] },
    // A configuration is removed from a namespace only when no injected pod runs there.
    { apiGroups: [''], resources: ['pods'], verbs: ['list'] },
    {
      apiGroups: [''],
      resources: ['configmaps'],
      resourceNames: [AGENT_CONFIG_MAP],
      verbs: ['list', 'watch', 'create', 'patch', 'delete'],
    },
    ...(mirrorSinkSecret
      ? [
          {
            apiGroups: [''],
            resources: ['secrets'],
            resourceNames: [SINK_SECRET],
            verbs: ['list', 'watch', 'create', 'patch', 'delete'],
          },
        ]
      : []),
    { apiGroups: [''], resources: ['events'], verbs: ['create'] },
    // Who may read /metrics is asked of the API server.
    { apiGroups: ['authentication.k8s.io'], resources: ['tokenreviews'], verbs: ['create'] },
    { apiGroups: ['authorization.k8s.io'], resources: ['subjectaccessreviews'], verbs: ['create'] },
    // The CA is kept current in the webhook configuration.
    ...(certManager
      ? []
      : [
          {
            apiGroups: ['admissionregistration.k8s.io'],
            resources: ['mutatingwebhookconfigurations'],
            resourceNames: [INJECTOR],
            verbs: ['list', 'watch', 'patch'],
          },
        ]),
  ];
}

function ownNamespaceRules({ certManager }: InstallOptions): PolicyRule[] {
  return [
    { apiGroups: [''], resources: ['configmaps'], resourceNames: [INJECTION_CONFIG_MAP], verbs: ['list', 'watch'] },
    ...(certManager
      ? []
      : [
          {
            apiGroups: [''],
            resources: ['secrets'],
            resourceNames: [OWN_CERTIFICATES],
            // Made by server-side apply: only so can the right to create be bound to a name.
            verbs: ['get', 'list', 'watch', 'create', 'patch', 'update'],
          },
        ]),
  ];
}
