/**
 * Every code that a user can meet, once: commands print it, `kubectl dbaudit explain CODE` and docs/codes.md explain
 * it. A code never changes its meaning. 1xxx: a command could not do its work. 2xxx: why a pod is not, or not wholly,
 * captured. 3xxx: what a check found. 4xxx: why events do not reach a receiver. 5xxx: why the collector does not answer what
 * it was asked.
 */
export const CODES = {
  DBA1001: {
    title: 'the configuration is not valid',
    help: "The message names each value's path and what was expected; `dbaudit-agent run --print-config` shows what is in force.",
  },
  DBA1002: {
    title: 'a file cannot be read, or is no capture',
    help: 'The message names the file, and for a damaged capture the byte where it stops making sense; events before it were written.',
  },
  DBA1003: {
    title: 'the right to capture is missing',
    help: 'The agent needs CAP_NET_RAW: run it as root, or give the container that capability.',
  },
  DBA1004: { title: 'the command line is not valid', help: '`--help` shows what there is.' },
  DBA1005: {
    title: 'the address for metrics and health cannot be listened on',
    help: 'Choose another `http.port`, or 0 for a free one.',
  },
  DBA1006: {
    title: 'the capture device, or the source of packets, cannot be used',
    help: '`ip link` lists devices; the message says what the source lacks.',
  },
  DBA1007: {
    title: 'a manifest is not valid YAML or JSON',
    help: 'The message names the file, the line and what is wrong there.',
  },
  DBA1101: {
    title: 'the cluster cannot be reached',
    help: 'Check the context (`kubectl config current-context`), the network and whether `kubectl version` answers.',
  },
  DBA1102: {
    title: 'the right to do this in the cluster is missing',
    help: 'The message names the verb and the resource; `kubectl auth can-i` tests it. docs/reference/rbac.md lists what each command needs.',
  },
  DBA1103: {
    title: 'there is no such object',
    help: 'Check the name, the type and the namespace (`-n`).',
  },
  DBA1104: {
    title: 'it did not become ready in time',
    help: 'The message shows the state, the events and the last log lines of what was waited for; `--timeout` waits longer.',
  },
  DBA1105: {
    title: 'dbaudit is not installed in this cluster',
    help: '`kubectl dbaudit install` installs it; `--dbaudit-namespace` says where to look.',
  },
  DBA1106: {
    title: 'pods that were given an agent still run',
    help: '`kubectl dbaudit disable` takes it out of the workloads named; `uninstall --force` leaves them as they are.',
  },
  DBA1107: {
    title: 'the cluster refused an object',
    help: 'The message is the API server’s own. A policy engine or a quota of the cluster may have to allow it.',
  },
  DBA1108: {
    title: 'the workload could not be restarted with the agent and was put back',
    help: 'The message shows what the new pods said. `kubectl dbaudit analyze` looks for the reason.',
  },
  DBA1109: {
    title: 'the collector cannot be reached',
    help: '`kubectl dbaudit status` shows whether it is installed and how it fares; --collector names one behind an ingress.',
  },
  DBA1110: {
    title: 'the collector refused a question',
    help: 'The message is the collector’s own. `kubectl auth whoami` shows as whom it was asked.',
  },
  DBA2001: {
    title: 'the pod uses the network of its node',
    help: 'A sidecar would capture the traffic of the whole node. Node mode captures such pods.',
  },
  DBA2002: {
    title: 'the namespace enforces Pod Security level restricted',
    help: 'That level forbids the right to capture. Node mode captures without a sidecar; or let the namespace enforce baseline.',
  },
  DBA2003: {
    title: 'capture is disabled by label',
    help: 'The pod, or its namespace, has the label dbaudit.io/capture=disabled. The pod’s own label wins.',
  },
  DBA2004: { title: 'the pod runs on Windows', help: 'Capture needs Linux.' },
  DBA2005: {
    title: 'a sidecar would keep the pod from completing',
    help: 'Without native sidecars (Kubernetes 1.29 and newer) a pod that shall end would wait for the agent forever.',
  },
  DBA2006: {
    title: 'a quota or limit range of the namespace has no room for the agent',
    help: 'Raise the quota, or ask for less with config.dbaudit.io/memory-request and the like.',
  },
  DBA2007: {
    title: 'the namespace is never touched',
    help: 'The cluster’s own namespaces (kube-*) and that of dbaudit are excluded.',
  },
  DBA2008: {
    title: 'the pod is static',
    help: 'Static pods come from a file on the node and pass no admission. Node mode captures them.',
  },
  DBA2009: {
    title: 'the injector did not answer when the pod was created',
    help: 'The pod was let through so that nothing breaks. `kubectl dbaudit status` shows the injector; `kubectl dbaudit coverage --repair` makes such pods anew.',
  },
  DBA2010: {
    title: 'the pod is older than the label',
    help: 'A pod gets its agent when it is created: restart the workload (`kubectl rollout restart`, or `kubectl dbaudit coverage --repair`).',
  },
  DBA2011: {
    title: 'the agent runs but may not capture',
    help: 'The container runtime gives no NET_RAW by default (CRI-O), or a policy took it away. The agent retries and says so in its events.',
  },
  DBA2012: {
    title: 'the agent’s container does not run',
    help: 'The message shows its state. An image that cannot be pulled is pulled with the pull secrets of the workload’s namespace.',
  },
  DBA2013: {
    title: 'the injector failed',
    help: 'A bug: the pod was let through as it was. The injector’s log has the reason.',
  },
  DBA2014: {
    title: 'the pod has a container or volume of our name that is not ours',
    help: 'Rename it; dbaudit uses dbaudit-agent and dbaudit-config.',
  },
  DBA2015: {
    title: 'the label is on the workload, not on its pods',
    help: 'The label belongs into spec.template.metadata.labels; `kubectl dbaudit enable` puts it there.',
  },
  DBA2016: {
    title: 'there is no such setting',
    help: 'The annotation is not known and was passed over; docs/reference/labels.md lists all.',
  },
  DBA2017: {
    title: 'the value of a setting is not valid',
    help: 'The annotation was passed over and the default used; docs/reference/labels.md says what it takes.',
  },
  DBA2018: {
    title: 'the value of the capture label is not valid',
    help: 'It takes enabled or disabled.',
  },
  DBA2019: {
    title: 'the pod is not selected',
    help: 'Neither the pod nor its namespace has the label dbaudit.io/capture=enabled.',
  },
  DBA2020: {
    title: 'the setting is on the workload, not on its pods',
    help: 'The annotation belongs into spec.template.metadata.annotations, or on the namespace.',
  },
  DBA3001: {
    title: 'the Kubernetes version is too old',
    help: 'Kubernetes 1.25 is the oldest supported; native sidecars need 1.29.',
  },
  DBA3002: {
    title: 'a right that installing needs is missing',
    help: 'Ask an administrator of the cluster; the message lists verb and resource.',
  },
  DBA3003: {
    title: 'the API server cannot reach the injector',
    help: 'Let the control plane reach port 10250 of the nodes (the port of the kubelet), and look at `kubectl dbaudit status`.',
  },
  DBA3004: {
    title: 'the serving certificate ends soon or does not match',
    help: 'The injector renews it by itself; if it does not, its log says why.',
  },
  DBA3005: {
    title: 'namespaces that are to be captured enforce a level without capture',
    help: 'Pods there are skipped, never rejected; see DBA2002.',
  },
  DBA3006: {
    title: 'agents of another version run',
    help: 'Restart the workloads named to give them the new agent.',
  },
  DBA3007: {
    title: 'the image cannot be had',
    help: 'Check the registry, the tag and the pull secrets; `install --image` names another.',
  },
  DBA3008: {
    title: 'parts of another installation are there',
    help: '`kubectl dbaudit upgrade --prune` removes what the present version does not have.',
  },
  DBA3009: {
    title: 'clocks do not agree',
    help: 'Set this machine’s clock, or the control plane’s, by NTP: certificates and the times of events depend on it.',
  },
  DBA3010: {
    title: 'the collector has trouble',
    help: 'The message is its own: a source that it cannot read, or a store that it cannot write to. Its log has more.',
  },
  DBA3011: {
    title: 'events do not outlive the collector’s pod',
    help: 'Install it again with --collector-storage-class, after `kubectl delete statefulset dbaudit-collector`: that of a running one cannot be changed.',
  },
  DBA4001: {
    title: 'the receiver does not accept our credentials',
    help: 'Check the user and the file with the password or token; the message says which mechanism was tried.',
  },
  DBA4002: {
    title: 'the receiver’s certificate is not trusted',
    help: '`tls.caFile` names the certificate authority that signed it; the message says which certificate was shown. A certificate that has run out has to be renewed there.',
  },
  DBA4003: {
    title: 'the receiver does not have the topic, index or path',
    help: 'Create it, or correct its name; the message names it.',
  },
  DBA4004: {
    title: 'we may not write there',
    help: 'Give the account the right to write to what the message names.',
  },
  DBA4005: {
    title: 'the receiver cannot be reached',
    help: 'Check the address, name resolution, network policies and whether it runs; events wait in the queue and the spool meanwhile.',
  },
  DBA4006: {
    title: 'the receiver speaks another protocol at this address',
    help: 'TLS or no TLS, the port, and the version of its protocol: the message says what was heard.',
  },
  DBA4007: {
    title: 'the receiver takes no more for now',
    help: 'It is overloaded, or slow to answer. Nothing has to be done unless it lasts: the queue and the spool are bounded.',
  },
  DBA4008: {
    title: 'a file with a secret or a certificate cannot be used',
    help: 'The message names the setting and the file. In a pod it is a mounted Secret.',
  },
  DBA4009: {
    title: 'the receiver’s certificate is for another name',
    help: 'Use the name it was made for as the address, or set `tls.serverName`.',
  },
  DBA4010: {
    title: 'the receiver refuses how events are written',
    help: 'The message has its words: a setting of the topic, the index or the endpoint has to be changed.',
  },
  DBA4011: {
    title: 'the spool cannot be used',
    help: 'The disk is full, read-only or broken, or the directory belongs to somebody else. Events wait in memory meanwhile; what does not fit is counted in a gap.',
  },
  DBA4012: {
    title: 'the file cannot be written to',
    help: 'The disk is full or broken, the path or its rights were changed: the message says which. Events wait in the queue meanwhile.',
  },
  DBA5001: {
    title: 'the collector does not know who asks',
    help: 'Send a bearer token of the cluster or a client certificate of its client CA, or sign in again: tokens and sessions end.',
  },
  DBA5002: {
    title: 'the right to ask this of the collector is missing',
    help: 'The message names verb and resource of audit.dbaudit.io; `kubectl auth can-i get auditevents.audit.dbaudit.io -n NAMESPACE` tests one. docs/reference/rbac.md lists them.',
  },
  DBA5003: {
    title: 'the request is not valid',
    help: 'The message names each value’s path and what was expected.',
  },
  DBA5004: {
    title: 'the collector has no such path or object',
    help: 'Check the name; it may be gone, or outside of what you may see.',
  },
  DBA5005: {
    title: 'only who may read literals may ask this',
    help: 'Statements’ texts, parameters and error messages hold users’ data: `read-literals` of `auditevents` is the right to see and to search them. The statement without literals is `dbaudit.statement.template`.',
  },
  DBA5006: {
    title: 'the collector has too much to do',
    help: 'Try again after the time of `Retry-After`. If it lasts, its disk or its CPU limit is too small for what it is sent.',
  },
  DBA5007: {
    title: 'the answer takes more time or memory than one question may',
    help: 'Ask for a shorter time or a narrower filter.',
  },
  DBA5008: {
    title: 'the question cannot be answered as it was put',
    help: 'The message says where and why.',
  },
  DBA5009: {
    title: 'this collector does not have that part',
    help: 'It is switched off in the collector’s configuration, or the store in use cannot do it.',
  },
  DBA5010: {
    title: 'the body of the request cannot be taken',
    help: 'It is too large, broken, or compressed in another way than gzip or zstd; the message says which.',
  },
  DBA5011: {
    title: 'the API server cannot be asked who that is and what they may do',
    help: 'Nothing is shown without its word. Check that the collector reaches the API server and may create tokenreviews and subjectaccessreviews.',
  },
  DBA5012: {
    title: 'the access could not be recorded',
    help: 'Nothing is shown that is not on record: the store does not take events at the moment. `kubectl dbaudit status` shows it.',
  },
  DBA5013: {
    title: 'the collector failed',
    help: 'A bug: the collector’s log has the reason.',
  },
  DBA5014: {
    title: 'the request is from a page of somebody else',
    help: 'Whoever signed in with a browser changes things from the collector’s own page alone. Programs send a bearer token.',
  },
  DBA5015: {
    title: 'signing in at the identity provider failed',
    help: 'Begin again from the page. If it lasts, compare the collector’s settings of the provider with the client there.',
  },
} as const satisfies Readonly<Record<string, CodeText>>;

interface CodeText {
  /** One line, lower case, no full stop. */
  readonly title: string;
  /** What it means for the user and what helps. */
  readonly help: string;
}

export type Code = keyof typeof CODES;
