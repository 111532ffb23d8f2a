import type { AuditEvent } from '../../contract/audit-event.ts';
import type { KubernetesUser } from '../../kubernetes/token-review.ts';

/** The pod that a token was made for, by the API server's word. */
export interface AgentIdentity {
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly pod: string;
  readonly podUid?: string;
  readonly node?: string;
}

/**
 * Whether an agent may send events of a pod. An agent for a whole node gets a rule of its own here: the pods of
 * `agent.node`, for the service account of such agents alone.
 */
export type MayClaim = (agent: AgentIdentity, namespace: string, pod: string) => boolean;

/** What a sidecar may: its pod, and no other. */
export const ownPodOnly: MayClaim = (agent, namespace, pod) => agent.namespace === namespace && agent.pod === pod;

/** https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/#bound-service-account-tokens */
const POD_NAME = 'authentication.kubernetes.io/pod-name';
const POD_UID = 'authentication.kubernetes.io/pod-uid';
const NODE_NAME = 'authentication.kubernetes.io/node-name';

/** Undefined: not a service account, or its token is not bound to a pod. */
export function agentIdentity({ name, extra }: KubernetesUser): AgentIdentity | undefined {
  const [, namespace, serviceAccount] = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(name) ?? [];
  const pod = extra[POD_NAME]?.[0];
  if (namespace === undefined || serviceAccount === undefined || pod === undefined) return undefined;
  const podUid = extra[POD_UID]?.[0];
  const node = extra[NODE_NAME]?.[0];
  return {
    namespace,
    serviceAccount,
    pod,
    ...(podUid === undefined ? {} : { podUid }),
    ...(node === undefined ? {} : { node }),
  };
}

/** Why an event is not the agent's to send; undefined where it is. */
export function claimProblem(event: AuditEvent, agent: AgentIdentity, mayClaim: MayClaim): string | undefined {
  const namespace = event.kubernetes?.namespace;
  const pod = event.kubernetes?.pod?.name;
  if (namespace === undefined || pod === undefined) return 'names no pod (kubernetes.namespace, kubernetes.pod.name)';
  if (!mayClaim(agent, namespace, pod))
    return `is of pod ${namespace}/${pod}, the token of ${agent.namespace}/${agent.pod}`;
  return collectorsOwn(event);
}

/** What only the collector finds out or says: an agent that could would write others' alerts and hide in its own reads. */
export function collectorsOwn({ event, rule, dbaudit }: AuditEvent): string | undefined {
  const { action, ingested } = event;
  if (action.startsWith('alert.') || action === 'dbaudit.access' || action === 'dbaudit.refused')
    return `${action} is the collector’s to say`;
  if (dbaudit.capture.mode === 'collector') return 'dbaudit.capture.mode collector is the collector’s own';
  if (ingested !== undefined) return 'event.ingested is the collector’s to say';
  if (rule !== undefined || dbaudit.alert !== undefined || dbaudit.access !== undefined)
    return 'rule, dbaudit.alert and dbaudit.access are the collector’s to say';
  if (dbaudit.client !== undefined || dbaudit.server !== undefined)
    return 'dbaudit.client and dbaudit.server are the collector’s to say';
  return undefined;
}
