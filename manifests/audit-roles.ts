import { API_GROUP, type API_RIGHTS } from '../contract/collector-api.ts';
import type { KubernetesObject } from '../contract/kubernetes-object.ts';
import { clusterMetadata } from './metadata.ts';
import type { InstallOptions } from './options.ts';
import { RBAC } from './policy-rule.ts';

type Resource = keyof typeof API_RIGHTS;
type Rights = { readonly [Name in Resource]?: readonly (typeof API_RIGHTS)[Name][number][] };

/**
 * What users of the collector may, as duties apart from each other: who reads values cannot switch off what watches the
 * readers, and who writes rules sees no values. Bound in a namespace, `dbaudit-reader` and `dbaudit-auditor` show that one alone.
 */
const DUTIES: Readonly<Record<'dbaudit-reader' | 'dbaudit-auditor' | 'dbaudit-security-admin', Rights>> = {
  'dbaudit-reader': { auditevents: ['get'] },
  'dbaudit-auditor': {
    auditevents: ['get', 'read-literals', 'query', 'export'],
    alerts: ['get'],
    reports: ['get', 'create'],
    integrity: ['get'],
  },
  'dbaudit-security-admin': {
    auditevents: ['get'],
    alerts: ['get', 'update'],
    silences: ['get', 'update'],
    rules: ['get', 'update'],
  },
};

/** ClusterRoles to bind; in no built-in role, for nobody shall see what others do only because they see their objects. */
export function renderAuditRoles(options: InstallOptions): KubernetesObject[] {
  if (!options.collector) return [];
  return Object.entries(DUTIES).map(([name, rights]) => ({
    apiVersion: `${RBAC}/v1`,
    kind: 'ClusterRole',
    metadata: clusterMetadata(options, 'access', name),
    rules: Object.entries(rights).map(([resource, verbs]) => ({
      apiGroups: [API_GROUP],
      resources: [resource],
      verbs: [...verbs],
    })),
  }));
}
