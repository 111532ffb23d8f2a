import * as z from 'zod';
import { PART_OF_LABEL, PART_OF_VALUE } from '../../contract/labels.ts';
import type { Cluster, KubernetesObject } from '../kubernetes/cluster.ts';
import { objectName } from './own-objects.ts';

/** Kinds that people keep in namespaces; more would need more rights. */
const KINDS = [
  { apiVersion: 'v1', kind: 'Pod' },
  { apiVersion: 'v1', kind: 'ConfigMap' },
  { apiVersion: 'v1', kind: 'Secret' },
  { apiVersion: 'v1', kind: 'Service' },
  { apiVersion: 'v1', kind: 'PersistentVolumeClaim' },
];
/** Made by the cluster itself, by cert-manager for us, or by Helm for our chart. */
const NOBODYS_SECRET_TYPES = ['kubernetes.io/service-account-token', 'helm.sh/release.v1'];
const CLUSTERS_CONFIG_MAPS = ['kube-root-ca.crt', 'openshift-service-ca.crt', 'istio-ca-root-cert'];
const CERT_MANAGER_NAME = 'cert-manager.io/certificate-name';

const namespaceSchema = z.looseObject({
  status: z
    .looseObject({
      conditions: z
        .array(z.looseObject({ type: z.string(), status: z.string(), message: z.string().default('') }))
        .default([]),
    })
    .prefault({}),
});

/** What in the namespace is not of dbaudit, as kubectl names it. */
export async function strangersIn(cluster: Cluster, namespace: string): Promise<readonly string[]> {
  const lists = await Promise.all(KINDS.map((type) => cluster.list(type, { namespace })));
  return lists
    .flat()
    .filter((object) => !isOurs(object) && !isOfNobody(object))
    .map(objectName);
}

/** What the API server says of a namespace that does not go away. */
export async function namespaceTrouble(cluster: Cluster, name: string): Promise<readonly string[]> {
  const namespace = await cluster.find({ apiVersion: 'v1', kind: 'Namespace' }, name);
  if (namespace === undefined) return [];
  return namespaceSchema
    .parse(namespace)
    .status.conditions.filter(({ type, status }) => status === 'True' && type.startsWith('Namespace'))
    .map(({ type, message }) => `namespace/${name}: ${type}: ${message}`);
}

function isOurs({ metadata }: KubernetesObject): boolean {
  const { labels, annotations, ownerReferences = [] } = metadata;
  return (
    labels?.[PART_OF_LABEL] === PART_OF_VALUE ||
    annotations?.[CERT_MANAGER_NAME]?.startsWith('dbaudit-') === true ||
    ownerReferences.some(({ name }) => name.startsWith('dbaudit-'))
  );
}

function isOfNobody({ kind, metadata, type }: KubernetesObject): boolean {
  if (kind === 'ConfigMap') return CLUSTERS_CONFIG_MAPS.includes(metadata.name);
  return kind === 'Secret' && typeof type === 'string' && NOBODYS_SECRET_TYPES.includes(type);
}
