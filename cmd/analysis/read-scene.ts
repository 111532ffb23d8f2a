import type { Readable } from 'node:stream';
import { UserError } from '../../contract/user-error.ts';
import type { Cluster, KubernetesObject } from '../kubernetes/cluster.ts';
import { kubernetesObjectSchema } from '../kubernetes/object-schema.ts';
import { parseTargets } from '../kubernetes/workload-arguments.ts';
import { WORKLOAD_KINDS } from '../kubernetes/workload-kinds.ts';
import { asWorkload, controllerOf, resolveTargets, type Workload } from '../kubernetes/workloads.ts';
import { readDocuments } from '../manifest/documents.ts';

/** An object that is looked at, and where it is from. */
export interface Subject {
  readonly workload: Workload;
  readonly named: boolean;
  readonly source?: string;
}

/** The workloads and namespaces in files, in order; objects that make no pods are passed over. */
export async function readSubjects(paths: readonly string[], stdin: Readable): Promise<readonly Subject[]> {
  const subjects: Subject[] = [];
  for (const path of paths) {
    for (const { value } of await readDocuments([path], stdin)) {
      for (const object of objectsIn(value)) {
        const workload = asWorkload(object);
        if (workload) subjects.push({ workload, named: false, source: path });
      }
    }
  }
  return subjects;
}

/** What is named, or else all in the namespace that nothing else makes. */
export async function listSubjects(
  cluster: Cluster,
  words: readonly string[],
  options: { readonly allNamespaces: boolean; readonly note: (text: string) => void },
): Promise<readonly Subject[]> {
  if (words.length > 0) {
    const requests = parseTargets(words, { all: words.length === 1 && !words[0]?.includes('/') });
    const workloads = await resolveTargets(cluster, requests, options);
    return workloads.map((workload) => ({ workload, named: requests.some(({ by }) => by === 'name') }));
  }
  const within = options.allNamespaces ? {} : { namespace: cluster.namespace };
  const kinds = WORKLOAD_KINDS.filter(({ template }) => template !== undefined);
  const lists = await Promise.all(
    kinds.map(async (kind) => {
      try {
        return (await cluster.list(kind.type, within)).map((object) => ({ kind, object }));
      } catch (error) {
        if (!(error instanceof UserError) || error.code !== 'DBA1102') throw error;
        options.note(`${error.message}; objects of that kind were not looked at`);
        return [];
      }
    }),
  );
  return lists
    .flat()
    .filter(({ object }) => controllerOf(object) === undefined)
    .map((workload) => ({ workload, named: false }));
}

/** Namespaces are what the others are judged by. */
export function namespacesIn(subjects: readonly Subject[]): readonly KubernetesObject[] {
  return subjects.flatMap(({ workload }) => (workload.kind.name === 'namespace' ? [workload.object] : []));
}

function objectsIn(value: unknown): readonly KubernetesObject[] {
  if (typeof value === 'object' && value !== null && 'items' in value && Array.isArray(value.items)) {
    return value.items.flatMap(objectsIn);
  }
  const object = kubernetesObjectSchema.safeParse(value);
  return object.success ? [object.data] : [];
}
