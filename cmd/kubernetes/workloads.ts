import * as z from 'zod';
import { UserError } from '../../contract/user-error.ts';
import type { Cluster, KubernetesObject } from './cluster.ts';
import type { TargetRequest } from './workload-arguments.ts';
import { type WorkloadKind, workloadKindOf } from './workload-kinds.ts';

/** An object that makes pods, is one, or is a namespace of them. */
export interface Workload {
  readonly kind: WorkloadKind;
  readonly object: KubernetesObject;
}

const texts = z.record(z.string(), z.string());

const podTemplateSchema = z.looseObject({
  metadata: z.looseObject({ labels: texts.optional(), annotations: texts.optional() }).prefault({}),
  spec: z.looseObject({}).prefault({}),
});

export type PodTemplate = z.infer<typeof podTemplateSchema>;

/** `deployment/orders` */
export function nameOf({ kind, object }: Workload): string {
  return `${kind.name}/${object.metadata.name}`;
}

/** The pod template; a pod is its own. Undefined where there is none, as in a namespace. */
export function podTemplateOf({ kind, object }: Workload): PodTemplate | undefined {
  if (kind.template === undefined) return undefined;
  let value: unknown = object;
  for (const field of kind.template) value = isRecord(value) ? value[field] : undefined;
  return podTemplateSchema.parse(value ?? {});
}

/** A merge patch of the pod template, or of the object itself where it has none. */
export function templatePatch(kind: WorkloadKind, change: unknown): Record<string, unknown> {
  const path = kind.template ?? [];
  const patch = path.reduceRight<unknown>((inner, field) => ({ [field]: inner }), change);
  return isRecord(patch) ? patch : {};
}

/**
 * Asks the cluster for what was requested, in the order of the requests. Rejects with DBA1103 for a name that is not
 * there; a selection may be empty.
 */
export async function resolveTargets(
  cluster: Cluster,
  requests: readonly TargetRequest[],
  { allNamespaces = false }: { readonly allNamespaces?: boolean } = {},
): Promise<readonly Workload[]> {
  const found = await Promise.all(
    requests.map(async (request) => {
      const { kind } = request;
      const namespace = kind.name === 'namespace' || allNamespaces ? undefined : cluster.namespace;
      if (request.by === 'name') return [{ kind, object: await findNamed(cluster, request, namespace) }];
      const objects = await cluster.list(kind.type, {
        ...(namespace === undefined ? {} : { namespace }),
        ...(request.labelSelector === undefined ? {} : { labelSelector: request.labelSelector }),
      });
      return objects.map((object) => ({ kind, object }));
    }),
  );
  return found.flat();
}

/** The object that controls this one, if any. */
export function controllerOf(object: KubernetesObject) {
  return object.metadata.ownerReferences?.find(({ controller }) => controller === true);
}

/** Undefined for objects of kinds that make no pods. */
export function asWorkload(object: KubernetesObject): Workload | undefined {
  const kind = workloadKindOf(object);
  return kind && { kind, object };
}

async function findNamed(
  cluster: Cluster,
  { kind, name }: Extract<TargetRequest, { by: 'name' }>,
  namespace: string | undefined,
): Promise<KubernetesObject> {
  const object = await cluster.find(kind.type, name, namespace);
  if (object) return object;
  const where = namespace === undefined ? '' : ` in namespace ${namespace}`;
  throw new UserError('DBA1103', `there is no ${kind.name}/${name}${where}`, 'Check the name and the namespace (-n).');
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
