import { AGENT_CONFIG_MAP, PART_OF_LABEL, PART_OF_VALUE, SINK_SECRET } from '../../contract/labels.ts';
import { UserError } from '../../contract/user-error.ts';
import type { Cluster, KubernetesObject, ResourceType } from '../kubernetes/cluster.ts';

const ADMISSION = 'admissionregistration.k8s.io';
const RBAC = 'rbac.authorization.k8s.io/v1';
const POLICY_VERSIONS = ['v1', 'v1beta1', 'v1alpha1'];

/**
 * Every kind of object that dbaudit makes or has made, in the order of removal: first what acts on the pods of others,
 * then what could make things anew and its rights, then the rest. The same objects served in two versions are found twice.
 */
export const OWN_TYPES: readonly ResourceType[] = [
  { apiVersion: `${ADMISSION}/v1`, kind: 'MutatingWebhookConfiguration' },
  { apiVersion: `${ADMISSION}/v1`, kind: 'ValidatingWebhookConfiguration' },
  ...POLICY_VERSIONS.map((version) => ({
    apiVersion: `${ADMISSION}/${version}`,
    kind: 'MutatingAdmissionPolicyBinding',
  })),
  ...POLICY_VERSIONS.map((version) => ({ apiVersion: `${ADMISSION}/${version}`, kind: 'MutatingAdmissionPolicy' })),
  { apiVersion: 'apps/v1', kind: 'Deployment' },
  { apiVersion: 'apps/v1', kind: 'DaemonSet' },
  { apiVersion: 'apps/v1', kind: 'StatefulSet' },
  { apiVersion: 'batch/v1', kind: 'Job' },
  { apiVersion: 'apps/v1', kind: 'ReplicaSet' },
  { apiVersion: 'v1', kind: 'Pod' },
  { apiVersion: RBAC, kind: 'ClusterRoleBinding' },
  { apiVersion: RBAC, kind: 'RoleBinding' },
  { apiVersion: RBAC, kind: 'ClusterRole' },
  { apiVersion: RBAC, kind: 'Role' },
  { apiVersion: 'cert-manager.io/v1', kind: 'Certificate' },
  { apiVersion: 'cert-manager.io/v1', kind: 'Issuer' },
  { apiVersion: 'monitoring.coreos.com/v1', kind: 'PodMonitor' },
  { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget' },
  { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy' },
  { apiVersion: 'flowcontrol.apiserver.k8s.io/v1', kind: 'FlowSchema' },
  { apiVersion: 'flowcontrol.apiserver.k8s.io/v1', kind: 'PriorityLevelConfiguration' },
  { apiVersion: 'v1', kind: 'Service' },
  { apiVersion: 'v1', kind: 'ServiceAccount' },
  { apiVersion: 'v1', kind: 'ConfigMap' },
  { apiVersion: 'v1', kind: 'Secret' },
  { apiVersion: 'v1', kind: 'Namespace' },
];

/** How many of OWN_TYPES, from the first on, change the pods of others. */
export const INTERCEPTING_KINDS: readonly string[] = [
  'MutatingWebhookConfiguration',
  'ValidatingWebhookConfiguration',
  'MutatingAdmissionPolicyBinding',
  'MutatingAdmissionPolicy',
];

/** All objects that carry our label, in the order of removal, and the kinds that the caller may not list. */
export async function listOwnObjects(
  cluster: Cluster,
): Promise<{ readonly objects: readonly KubernetesObject[]; readonly unseen: readonly string[] }> {
  const unseen: string[] = [];
  const lists = await Promise.all(
    OWN_TYPES.map(async (type) => {
      if (!(await cluster.serves(type))) return [];
      try {
        return await cluster.list(type, { labelSelector: `${PART_OF_LABEL}=${PART_OF_VALUE}` });
      } catch (error) {
        if (!(error instanceof UserError) || error.code !== 'DBA1102') throw error;
        unseen.push(type.kind);
        return [];
      }
    }),
  );
  const seen = new Set<string>();
  const objects = lists.flat().filter((object) => {
    const name = objectName(object);
    return !seen.has(name) && seen.add(name);
  });
  return { objects, unseen };
}

/** `deployment/dbaudit-injector -n dbaudit-system`: as kubectl takes it. */
export function objectName({ kind, metadata: { name, namespace } }: KubernetesObject): string {
  return `${kind.toLowerCase()}/${name}${namespace === undefined ? '' : ` -n ${namespace}`}`;
}

/** Its controller made it, and removes it when it goes itself. */
export function isOwned({ metadata }: KubernetesObject): boolean {
  return metadata.ownerReferences?.some(({ controller }) => controller === true) === true;
}

/** The agents' configuration that the injector keeps in the namespaces of workloads. */
export function isMirroredConfiguration({ kind, metadata }: KubernetesObject, ownNamespace: string): boolean {
  return kind === 'ConfigMap' && metadata.name === AGENT_CONFIG_MAP && metadata.namespace !== ownNamespace;
}

/** The sinks' Secret, in any namespace. */
export function isSinkSecret({ kind, metadata }: KubernetesObject): boolean {
  return kind === 'Secret' && metadata.name === SINK_SECRET;
}
