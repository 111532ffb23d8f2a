import type { ResourceType } from './cluster.ts';

/** How a changed pod template reaches the pods of a kind. */
type TemplateChange =
  /** Its controller replaces the pods, as its update strategy says. */
  | 'rolls-out'
  /** The pods of the next run have it. */
  | 'next-run'
  /** Its pods stay until someone deletes them. */
  | 'by-hand'
  /** The API server refuses the change. */
  | 'immutable';

export interface WorkloadKind {
  readonly type: ResourceType;
  /** Singular and lower case, as kubectl prints it: `deployment/orders`. */
  readonly name: string;
  /** Plural, short names. */
  readonly aliases: readonly string[];
  /** Where the pod template is; empty: the object is the pod itself; undefined: it has none. */
  readonly template: readonly string[] | undefined;
  readonly change: TemplateChange;
}

const TEMPLATE = ['spec', 'template'];

/** What commands take as TYPE, in the order in which selections are shown. */
export const WORKLOAD_KINDS = [
  {
    type: { apiVersion: 'v1', kind: 'Namespace' },
    name: 'namespace',
    aliases: ['namespaces', 'ns'],
    template: undefined,
    change: 'by-hand',
  },
  {
    type: { apiVersion: 'apps/v1', kind: 'Deployment' },
    name: 'deployment',
    aliases: ['deployments', 'deploy'],
    template: TEMPLATE,
    change: 'rolls-out',
  },
  {
    type: { apiVersion: 'apps/v1', kind: 'StatefulSet' },
    name: 'statefulset',
    aliases: ['statefulsets', 'sts'],
    template: TEMPLATE,
    change: 'rolls-out',
  },
  {
    type: { apiVersion: 'apps/v1', kind: 'DaemonSet' },
    name: 'daemonset',
    aliases: ['daemonsets', 'ds'],
    template: TEMPLATE,
    change: 'rolls-out',
  },
  {
    type: { apiVersion: 'batch/v1', kind: 'CronJob' },
    name: 'cronjob',
    aliases: ['cronjobs', 'cj'],
    template: ['spec', 'jobTemplate', 'spec', 'template'],
    change: 'next-run',
  },
  {
    type: { apiVersion: 'batch/v1', kind: 'Job' },
    name: 'job',
    aliases: ['jobs'],
    template: TEMPLATE,
    change: 'immutable',
  },
  {
    type: { apiVersion: 'apps/v1', kind: 'ReplicaSet' },
    name: 'replicaset',
    aliases: ['replicasets', 'rs'],
    template: TEMPLATE,
    change: 'by-hand',
  },
  {
    type: { apiVersion: 'v1', kind: 'ReplicationController' },
    name: 'replicationcontroller',
    aliases: ['replicationcontrollers', 'rc'],
    template: TEMPLATE,
    change: 'by-hand',
  },
  {
    type: { apiVersion: 'v1', kind: 'Pod' },
    name: 'pod',
    aliases: ['pods', 'po'],
    template: [],
    change: 'immutable',
  },
] as const satisfies readonly WorkloadKind[];

/** Those that other controllers do not make: what a selection without TYPE means. */
export const TOP_LEVEL_KINDS: readonly WorkloadKind[] = WORKLOAD_KINDS.filter(({ change, template }) => {
  return template !== undefined && (change === 'rolls-out' || change === 'next-run');
});

/** By any spelling that kubectl takes: `deploy`, `Deployments`, `deployment.apps`, `deployment.v1.apps`. */
export function findWorkloadKind(word: string): WorkloadKind | undefined {
  const [name = '', ...qualifiers] = word.toLowerCase().split('.');
  const kinds: readonly WorkloadKind[] = WORKLOAD_KINDS;
  return kinds.find((kind) => {
    if (kind.name !== name && !kind.aliases.includes(name)) return false;
    const [group, version] = kind.type.apiVersion.includes('/') ? kind.type.apiVersion.split('/') : ['', 'v1'];
    return qualifiers.length === 0 || [group, `${version}.${group}`].includes(qualifiers.join('.'));
  });
}

/** The kind of an object read from a cluster or a file. */
export function workloadKindOf(type: ResourceType): WorkloadKind | undefined {
  const kinds: readonly WorkloadKind[] = WORKLOAD_KINDS;
  return kinds.find((kind) => kind.type.kind === type.kind && kind.type.apiVersion === type.apiVersion);
}
