/**
 * Labels select, annotations configure. A pod's own value wins over its namespace's. docs/reference/labels.md is
 * generated from here.
 */

/** The only key that selects: on a namespace or on a pod (in a workload: on `spec.template`). */
export const CAPTURE_LABEL = 'dbaudit.io/capture';
export const CAPTURE_VALUES = ['enabled', 'disabled'] as const;

/** Written by the injector on pods that have an agent; its value is `true`. */
export const INJECTED_LABEL = 'dbaudit.io/injected';
/** Written by the injector: JSON, see `injectionStatusSchema`. */
export const INJECTION_ANNOTATION = 'status.dbaudit.io/injection';
/** Written by the injector: `DBA2xxx: reason`. */
export const SKIPPED_ANNOTATION = 'status.dbaudit.io/skipped';
/** Written by `enable` and `disable` on the workload or namespace itself: what they replaced, until it is undone. */
export const ENABLED_ANNOTATION = 'status.dbaudit.io/enabled';

export const SETTING_PREFIX = 'config.dbaudit.io/';

/** On a namespace: whether the injector, where it copies the sinks' Secret at all, copies it there. Who may label pods cannot set it. */
export const SINK_SECRET_LABEL = 'dbaudit.io/sink-secret';
export const SINK_SECRET_VALUES = ['enabled', 'disabled'] as const;

/** Our container and volumes in an injected pod. */
export const AGENT_CONTAINER = 'dbaudit-agent';
export const CONFIG_VOLUME = 'dbaudit-config';
export const SPOOL_VOLUME = 'dbaudit-spool';
export const SECRET_VOLUME = 'dbaudit-sinks';
export const TOKEN_VOLUME = 'dbaudit-token';
export const OWN_VOLUMES = [CONFIG_VOLUME, SPOOL_VOLUME, SECRET_VOLUME, TOKEN_VOLUME] as const;
/** The ConfigMap in a workload's namespace, kept equal to the one of the same name in our own. Its key is AGENT_CONFIG_KEY. */
export const AGENT_CONFIG_MAP = 'dbaudit-agent';
export const AGENT_CONFIG_KEY = 'agent.yaml';
export const AGENT_CONFIG_DIRECTORY = '/etc/dbaudit';
/** The Secret in a workload's namespace with what `…File` settings of sinks name: each key is a file below the directory. */
export const SINK_SECRET = 'dbaudit-sinks';
export const SINK_SECRET_DIRECTORY = `${AGENT_CONFIG_DIRECTORY}/secrets`;
/** Where agents keep events that their receivers have not taken yet; it goes with its pod. */
export const SPOOL_DIRECTORY = '/var/lib/dbaudit/spool';
/** A token of the pod's service account that names this audience, and is of no use to the API server. */
export const SINK_TOKEN_DIRECTORY = '/var/run/secrets/dbaudit';
export const SINK_TOKEN_FILE = 'token';
export const SINK_TOKEN_AUDIENCE = 'dbaudit';

/** All that is ours in a cluster carries it. */
export const PART_OF_LABEL = 'app.kubernetes.io/part-of';
export const PART_OF_VALUE = 'dbaudit';
export const DEFAULT_NAMESPACE = 'dbaudit-system';

/** Read from namespaces before a pod is changed. https://kubernetes.io/docs/concepts/security/pod-security-admission/ */
export const POD_SECURITY_LABEL = 'pod-security.kubernetes.io/enforce';

/** Pods here never reach the injector. */
export const EXCLUDED_NAMESPACES = ['kube-system', 'kube-public', 'kube-node-lease'] as const;

/** Where a setting ends up in the injected container. */
type SettingTarget =
  | { readonly kind: 'environment'; readonly variable: string }
  | { readonly kind: 'resource'; readonly list: 'requests' | 'limits'; readonly resource: 'cpu' | 'memory' }
  | { readonly kind: 'image' }
  | { readonly kind: 'image-pull-policy' }
  | { readonly kind: 'native-sidecar' }
  | { readonly kind: 'spool-size' }
  | { readonly kind: 'sink-token' }
  | { readonly kind: 'capabilities' };

export interface Setting {
  /** With SETTING_PREFIX before it, the annotation. */
  readonly name: string;
  /** Valid values, anchored; the same in JavaScript and in RE2, since an admission policy tests it too. */
  readonly pattern: string;
  /** In words, for the reference. */
  readonly values: string;
  readonly meaning: string;
  readonly target: SettingTarget;
}

/** Names a protocol has in settings; the agent's own list is held equal by a test. */
export const PROTOCOL_NAMES = ['mysql', 'postgresql', 'redis'] as const;

const PROTOCOL = `(${PROTOCOL_NAMES.join('|')})`;
/** 1 to 65535. */
const PORT = '(6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[1-5][0-9]{4}|[1-9][0-9]{0,3})';
const QUANTITY = '^[0-9]+(\\.[0-9]+)?(m|k|M|G|Ki|Mi|Gi)?$';

export const SETTINGS: readonly Setting[] = [
  {
    name: 'protocols',
    pattern: `^${PROTOCOL}(,${PROTOCOL})*$`,
    values: 'names, comma-separated: `mysql,redis`',
    meaning: 'decode these only',
    target: { kind: 'environment', variable: 'DBAUDIT_CAPTURE_PROTOCOLS' },
  },
  {
    name: 'ports',
    pattern: `^${PORT}=${PROTOCOL}(,${PORT}=${PROTOCOL})*$`,
    values: 'port=protocol, comma-separated: `3306=mysql,6433=postgresql`',
    meaning: 'watch these ports instead of the protocol’s own',
    target: { kind: 'environment', variable: 'DBAUDIT_CAPTURE_PORTS' },
  },
  {
    name: 'redact',
    pattern: '^(secrets|literals|none)$',
    values: '`secrets`, `literals`, `none`',
    meaning: 'what is masked in statements; credentials always are',
    target: { kind: 'environment', variable: 'DBAUDIT_REDACT' },
  },
  {
    name: 'log-level',
    pattern: '^(debug|info|warn|error)$',
    values: '`debug`, `info`, `warn`, `error`',
    meaning: 'what the agent says of itself',
    target: { kind: 'environment', variable: 'DBAUDIT_LOG_LEVEL' },
  },
  {
    name: 'cpu-request',
    pattern: QUANTITY,
    values: 'quantity',
    meaning: 'CPU requested for the agent',
    target: { kind: 'resource', list: 'requests', resource: 'cpu' },
  },
  {
    name: 'cpu-limit',
    pattern: QUANTITY,
    values: 'quantity',
    meaning: 'CPU the agent may use; none by default, since a throttled agent loses packets',
    target: { kind: 'resource', list: 'limits', resource: 'cpu' },
  },
  {
    name: 'memory-request',
    pattern: QUANTITY,
    values: 'quantity',
    meaning: 'memory requested for the agent',
    target: { kind: 'resource', list: 'requests', resource: 'memory' },
  },
  {
    name: 'memory-limit',
    pattern: QUANTITY,
    values: 'quantity',
    meaning: 'memory the agent may use',
    target: { kind: 'resource', list: 'limits', resource: 'memory' },
  },
  {
    name: 'image-pull-policy',
    pattern: '^(Always|IfNotPresent|Never)$',
    values: '`Always`, `IfNotPresent`, `Never`',
    meaning: 'when the node pulls the agent’s image',
    target: { kind: 'image-pull-policy' },
  },
  {
    name: 'native-sidecar',
    pattern: '^(auto|true|false)$',
    values: '`auto`, `true`, `false`',
    meaning: 'a native sidecar, or an ordinary container; `auto`: native where the cluster has them (1.29)',
    target: { kind: 'native-sidecar' },
  },
  {
    name: 'capabilities',
    pattern: '^(full|net-raw)$',
    values: '`full`, `net-raw`',
    meaning: '`full` adds NET_ADMIN and NET_RAW, `net-raw` the latter alone; ignored where the namespace is baseline',
    target: { kind: 'capabilities' },
  },
  {
    name: 'spool-size',
    // Three digits of Mi at least: below 100Mi there is little left once each sink has a segment. `0` would be no bound at all.
    pattern: '^([1-9][0-9]{2,5}Mi|[1-9][0-9]{0,2}Gi)$',
    values: '`100Mi` to `999Gi`, whole numbers with Mi or Gi',
    meaning: 'bound of the volume for events that wait; the agent keeps to three quarters of it',
    target: { kind: 'spool-size' },
  },
  {
    name: 'sink-token',
    pattern: '^(none|projected)$',
    values: '`none`, `projected`',
    meaning: `\`projected\`: a token of the pod’s service account for the audience ${SINK_TOKEN_AUDIENCE}, as ${SINK_TOKEN_DIRECTORY}/${SINK_TOKEN_FILE}`,
    target: { kind: 'sink-token' },
  },
];
