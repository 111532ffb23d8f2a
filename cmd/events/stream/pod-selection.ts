import { INJECTED_LABEL } from '../../../contract/labels.ts';
import { UserError } from '../../../contract/user-error.ts';
import type { Cluster, Selection } from '../../kubernetes/cluster.ts';
import { podSelectorOf } from '../../kubernetes/pod-selector.ts';
import type { PodView } from '../../kubernetes/pods.ts';
import { parseTargets } from '../../kubernetes/workload-arguments.ts';
import { nameOf, resolveTargets, type Workload } from '../../kubernetes/workloads.ts';
import { parseExpression } from '../filter-definitions.ts';

const JOB_NAME_LABEL = 'batch.kubernetes.io/job-name';

/** Whose agents are meant. */
export interface PodSelection {
  /** A watch each; absent namespace: all of them. */
  readonly selections: readonly Selection[];
  /** Among those selected. */
  matches(pod: Pick<PodView, 'name' | 'object'>): boolean;
  /** `deployment/orders in namespace shop`, for messages. */
  readonly words: string;
  /** Where only one namespace is meant. */
  readonly namespace?: string;
  /** `deployment/orders`, where one was named. */
  readonly workload?: string;
}

export interface PodSelectionFlags {
  /** `REGEX` on the pods' names, or `TYPE/NAME`. */
  readonly target?: string | undefined;
  /** `-l` */
  readonly selector?: string | undefined;
  /** `-A` */
  readonly allNamespaces?: boolean | undefined;
}

/**
 * Pods that have an agent, in the namespaces of `-n` (which may be a list), of `-A`, or of the context. Rejects with
 * UserError DBA1004 for what cannot be meant, DBA1103 where the workload is not there.
 */
export async function selectPods(cluster: Cluster, flags: PodSelectionFlags): Promise<PodSelection> {
  const { target, selector, allNamespaces = false } = flags;
  const namespaces = allNamespaces ? [] : cluster.namespace.split(',').filter((name) => name !== '');
  const named =
    target?.includes('/') === true ? await resolveOne(cluster, target, allNamespaces, namespaces) : undefined;
  if (named?.kind.name === 'namespace') return inNamespaces([named.object.metadata.name], [selector], () => true);
  if (named !== undefined) {
    const found = inNamespaces(namespaces, [selector, podSelectorOf(named.object)], ofWorkload(named));
    return { ...found, words: `${nameOf(named)} in ${found.words}`, workload: nameOf(named) };
  }
  if (target === undefined) return inNamespaces(namespaces, [selector], () => true);
  const expression = readExpression(target);
  const found = inNamespaces(namespaces, [selector], ({ name }) => expression.test(name));
  return { ...found, words: `pods /${target}/ in ${found.words}` };
}

function inNamespaces(
  namespaces: readonly string[],
  labels: readonly (string | undefined)[],
  matches: PodSelection['matches'],
): PodSelection {
  const labelSelector = [`${INJECTED_LABEL}=true`, ...labels].filter((part) => part).join(',');
  const [first, ...more] = namespaces;
  if (first === undefined) return { selections: [{ labelSelector }], matches, words: 'all namespaces' };
  const selections = namespaces.map((namespace) => ({ namespace, labelSelector }));
  if (more.length > 0) return { selections, matches, words: `namespaces ${namespaces.join(', ')}` };
  return { selections, matches, words: `namespace ${first}`, namespace: first };
}

async function resolveOne(
  cluster: Cluster,
  target: string,
  allNamespaces: boolean,
  namespaces: readonly string[],
): Promise<Workload | undefined> {
  const requests = parseTargets([target], { allNamespaces });
  if (namespaces.length > 1 && requests.some(({ kind }) => kind.name !== 'namespace'))
    throw new UserError('DBA1004', `${target} cannot be in several namespaces`, 'Name one namespace with -n.');
  const [workload] = await resolveTargets(cluster, requests, { allNamespaces });
  return workload;
}

/** Kinds with a selector need no more than that. A CronJob's pods are known by the names of its Jobs. */
function ofWorkload({ kind, object }: Workload): PodSelection['matches'] {
  const { name } = object.metadata;
  if (kind.name === 'pod') return (pod) => pod.name === name;
  if (kind.name !== 'cronjob') return () => true;
  return (pod) => {
    const job = pod.object.metadata.labels?.[JOB_NAME_LABEL] ?? '';
    return job.startsWith(`${name}-`) && /^\d+$/.test(job.slice(name.length + 1));
  };
}

function readExpression(target: string): RegExp {
  try {
    return parseExpression(target);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UserError('DBA1004', `${target}: ${reason}`, 'Give a regular expression for pod names, or TYPE/NAME.');
  }
}
