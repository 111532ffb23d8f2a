import { API_GROUP, type API_RIGHTS } from '../contract/collector-api.ts';

/**
 * What each command of the plugin needs of the API server. The ClusterRoles for users and docs/reference/rbac.md are
 * made of this table. Commands that are not here ask nothing of a cluster.
 */

/**
 * The built-in roles they are aggregated to; those of the collector's users, which are bound by name alone (audit-roles.ts);
 * `client`: the group that may reach the collector at all; `cluster` is for cluster administrators and goes into no role.
 */
export type Level = 'view' | 'edit' | 'admin' | 'client' | 'reader' | 'auditor' | 'security-admin' | 'cluster';

/** Where a right applies: in the namespaces worked on, in that of dbaudit, or in the cluster as a whole. */
type Scope = 'namespace' | 'dbaudit' | 'cluster';

export interface Right {
  readonly group: string;
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  readonly scope: Scope;
  /** What is missing without it, where the command works all the same. */
  readonly optional?: string;
  /** Where this right is part of a higher role than its command: viewers must not get it by the way. */
  readonly level?: Level;
}

export interface CommandRights {
  readonly command: string;
  readonly level: Level;
  readonly rights: readonly Right[];
}

const READ = ['get', 'list', 'watch'];
const CONTROLLERS = ['deployments', 'statefulsets', 'daemonsets'];

const PODS: Right = { group: '', resources: ['pods'], verbs: READ, scope: 'namespace' };
const LOGS: Right = { group: '', resources: ['pods/log'], verbs: ['get'], scope: 'namespace' };
const EVENTS: Right = {
  group: '',
  resources: ['events'],
  verbs: ['list'],
  scope: 'namespace',
  optional: 'reasons that only an event tells',
};
const SERVICES: Right = {
  group: '',
  resources: ['services'],
  verbs: ['list'],
  scope: 'namespace',
  optional: 'names in place of addresses',
};
const NAMESPACES: Right = {
  group: '',
  resources: ['namespaces'],
  verbs: ['get', 'list'],
  scope: 'cluster',
  optional: 'the labels of namespaces',
};
const WORKLOADS: readonly Right[] = [
  { group: 'apps', resources: [...CONTROLLERS, 'replicasets'], verbs: ['get', 'list'], scope: 'namespace' },
  { group: 'batch', resources: ['jobs', 'cronjobs'], verbs: ['get', 'list'], scope: 'namespace' },
  { group: '', resources: ['replicationcontrollers'], verbs: ['get', 'list'], scope: 'namespace' },
];
const OWNERS: Right = {
  group: 'apps',
  resources: ['replicasets'],
  verbs: ['list'],
  scope: 'namespace',
  optional: 'names of workloads in place of pods',
};
const JOB_OWNERS: Right = { ...OWNERS, group: 'batch', resources: ['jobs'] };
const INJECTION: readonly Right[] = [
  {
    group: 'admissionregistration.k8s.io',
    resources: ['mutatingwebhookconfigurations', 'mutatingadmissionpolicies'],
    verbs: ['get', 'list'],
    scope: 'cluster',
    optional: 'whether the API server asks the injector',
  },
  {
    group: 'discovery.k8s.io',
    resources: ['endpointslices'],
    verbs: ['list'],
    scope: 'dbaudit',
    optional: 'whether an injector is ready',
  },
  {
    group: '',
    resources: ['configmaps'],
    verbs: ['get'],
    scope: 'dbaudit',
    optional: 'what the injector is told: its defaults are taken',
  },
];
const INJECTOR: readonly Right[] = [
  { group: 'apps', resources: ['deployments'], verbs: ['get', 'list'], scope: 'dbaudit' },
  { group: '', resources: ['pods'], verbs: ['list'], scope: 'dbaudit' },
];
const INSTALLED: Right = {
  group: 'apps',
  resources: ['deployments'],
  verbs: ['list'],
  scope: 'cluster',
  optional: 'the version of the injector',
};
const ASK_AGENTS: Right = {
  group: '',
  resources: ['pods/portforward'],
  verbs: ['get', 'create'],
  scope: 'namespace',
  optional: 'protocols, last event and drops',
  level: 'edit',
};
const ASK_INJECTOR: readonly Right[] = [
  {
    group: '',
    resources: ['pods/portforward'],
    verbs: ['get', 'create'],
    scope: 'dbaudit',
    optional: 'the serving certificate',
    level: 'cluster',
  },
  {
    group: '',
    resources: ['pods'],
    verbs: ['create'],
    scope: 'namespace',
    optional: 'a try of the injection, without a pod being made',
    level: 'cluster',
  },
];
const AGENT_CONFIG: Right = { group: '', resources: ['configmaps'], verbs: ['get'], scope: 'dbaudit' };
const CREDENTIALS: readonly Right[] = [
  { ...AGENT_CONFIG, optional: 'whether sinks name files of a Secret' },
  {
    group: '',
    resources: ['secrets'],
    verbs: ['get'],
    scope: 'namespace',
    optional: 'whether that Secret is there',
    level: 'cluster',
  },
];
const LIST_SINKS: readonly Right[] = [
  PODS,
  AGENT_CONFIG,
  { ...ASK_AGENTS, optional: 'how agents fare with their sinks' },
];
/** Who may make pods in a namespace can read all its Secrets through them. */
function testSink(scope: Scope): readonly Right[] {
  return [
    { group: '', resources: ['pods'], verbs: ['create', 'delete', 'list', 'watch'], scope },
    { group: '', resources: ['pods/log'], verbs: ['get'], scope },
    { ...AGENT_CONFIG, scope },
    { ...AGENT_CONFIG, optional: 'which image is installed: its default is taken' },
    { ...EVENTS, scope, optional: 'why the pod does not start' },
  ];
}
/** Who may do so is not who may see something there. */
const REACH_COLLECTOR: readonly Right[] = [
  { group: '', resources: ['configmaps'], verbs: ['get'], scope: 'dbaudit', level: 'client' },
  { group: '', resources: ['pods/portforward'], verbs: ['get', 'create'], scope: 'dbaudit', level: 'client' },
];
const KEPT_EVENTS = kept('auditevents', ['get'], 'reader');
const KEPT_VALUES: Right = {
  ...kept('auditevents', ['read-literals'], 'auditor'),
  optional: 'the values in statements: `?` stands for each',
};
const KEPT_STREAM: readonly Right[] = [...REACH_COLLECTOR, KEPT_EVENTS].map((right) => ({
  ...right,
  optional: 'the collector’s one stream: the logs of agents are read',
}));

function kept(resource: keyof typeof API_RIGHTS, verbs: readonly string[], level: Level): Right {
  return { group: API_GROUP, resources: [resource], verbs, scope: 'namespace', level };
}

function ofCollector(command: string, level: Level, ...rights: readonly Right[]): CommandRights {
  return { command, level, rights: [...REACH_COLLECTOR, ...rights] };
}

const RESTART: readonly Right[] = [
  { group: 'apps', resources: CONTROLLERS, verbs: ['patch'], scope: 'namespace' },
  { group: 'batch', resources: ['cronjobs'], verbs: ['patch'], scope: 'namespace' },
  {
    group: '',
    resources: ['pods'],
    verbs: ['delete'],
    scope: 'namespace',
    optional: 'undoing the failed restart of a StatefulSet',
  },
];
const LABEL_NAMESPACES: Right = { group: '', resources: ['namespaces'], verbs: ['get', 'patch'], scope: 'cluster' };

export const COMMAND_RIGHTS: readonly CommandRights[] = [
  { command: 'tail', level: 'view', rights: [PODS, LOGS, SERVICES, OWNERS, JOB_OWNERS, ...KEPT_STREAM] },
  { command: 'top', level: 'view', rights: [PODS, LOGS, SERVICES, OWNERS, JOB_OWNERS] },
  { command: 'coverage', level: 'view', rights: [PODS, ...WORKLOADS, NAMESPACES, ...INJECTION, ASK_AGENTS] },
  { command: 'analyze', level: 'view', rights: [PODS, ...WORKLOADS, EVENTS, NAMESPACES, ...INJECTION] },
  { command: 'status', level: 'view', rights: [PODS, NAMESPACES, ...INJECTOR, ...INJECTION, ...ASK_INJECTOR] },
  {
    command: 'check',
    level: 'view',
    rights: [PODS, NAMESPACES, ...INJECTOR, ...INJECTION, ...ASK_INJECTOR, ...CREDENTIALS],
  },
  { command: 'version', level: 'view', rights: [INSTALLED] },
  ofCollector('search', 'reader', KEPT_EVENTS, KEPT_VALUES),
  ofCollector('query', 'auditor', kept('auditevents', ['get', 'query'], 'auditor'), KEPT_VALUES),
  ofCollector('ui', 'reader', KEPT_EVENTS, KEPT_VALUES),
  ofCollector('report', 'auditor', kept('reports', ['get', 'create'], 'auditor')),
  ofCollector('export', 'auditor', kept('auditevents', ['get', 'export'], 'auditor'), KEPT_VALUES),
  ofCollector('verify', 'auditor', { ...kept('integrity', ['get'], 'auditor'), scope: 'cluster' }),
  ofCollector('alert list|show', 'auditor', kept('alerts', ['get'], 'auditor')),
  ofCollector(
    'alert ack|resolve|assign|comment',
    'security-admin',
    kept('alerts', ['get', 'update'], 'security-admin'),
  ),
  ofCollector('alert silence|silences|unsilence', 'security-admin', {
    ...kept('silences', ['get', 'update'], 'security-admin'),
    scope: 'cluster',
  }),
  ofCollector(
    'rule list|show|test',
    'security-admin',
    { ...kept('rules', ['get'], 'security-admin'), scope: 'cluster' },
    KEPT_EVENTS,
  ),
  ofCollector('rule enable|observe|disable|add|remove', 'security-admin', {
    ...kept('rules', ['get', 'update'], 'security-admin'),
    scope: 'cluster',
  }),
  { command: 'sink list', level: 'view', rights: LIST_SINKS },
  {
    command: 'enable TYPE/NAME',
    level: 'edit',
    rights: [PODS, ...WORKLOADS, EVENTS, ...RESTART, ...CREDENTIALS],
  },
  { command: 'disable TYPE/NAME', level: 'edit', rights: [PODS, ...WORKLOADS, EVENTS, ...RESTART] },
  {
    command: 'coverage --repair',
    level: 'admin',
    rights: [
      PODS,
      ...WORKLOADS,
      NAMESPACES,
      ...INJECTION,
      { group: '', resources: ['pods/eviction'], verbs: ['create'], scope: 'namespace' },
    ],
  },
  { command: 'sink test NAME --namespace NAMESPACE', level: 'admin', rights: testSink('namespace') },
  { command: 'sink test NAME', level: 'cluster', rights: testSink('dbaudit') },
  { command: 'enable namespace/NAME', level: 'cluster', rights: [LABEL_NAMESPACES, ...CREDENTIALS] },
  { command: 'disable namespace/NAME', level: 'cluster', rights: [LABEL_NAMESPACES] },
];
