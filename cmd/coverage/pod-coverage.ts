import { CODES, type Code } from '../../contract/codes.ts';
import { CAPTURE_LABEL, CAPTURE_VALUES } from '../../contract/labels.ts';
import { type InjectorView, predictInjection } from '../capture/prediction.ts';
import { isSelected } from '../capture/selection.ts';
import type { AgentStatus } from '../kubernetes/agent-status.ts';
import type { KubernetesObject } from '../kubernetes/cluster.ts';
import { agentState, injectionStatusOf, type PodView, skippedReasonOf } from '../kubernetes/pods.ts';
import { selectedSince } from './selected-since.ts';

/** Whether a selected pod is captured, and if not why. */
export type PodCoverage =
  | { readonly state: 'captured'; readonly mode: string }
  /** Its agent is on its way, and so is the pod. */
  | { readonly state: 'starting'; readonly mode: string }
  | { readonly state: 'uncovered'; readonly code: Code; readonly reason: string; readonly mode?: string };

/** What decides about a pod besides itself. */
export interface CoverageFacts {
  readonly namespace: KubernetesObject | undefined;
  readonly view: InjectorView;
  /** RFC 3339; undefined: not known. */
  readonly injectorSince: string | undefined;
}

/**
 * Is the pod meant to be captured? Selected by its label or its namespace's; a value of ours that is not valid is meant
 * too, or a slip of the pen would go unseen.
 */
export function isMeant(pod: PodView, namespace: KubernetesObject | undefined): boolean {
  const own = pod.object.metadata.labels?.[CAPTURE_LABEL];
  const valid: readonly (string | undefined)[] = [undefined, ...CAPTURE_VALUES];
  return isSelected({ pod: own, namespace: namespace?.metadata.labels?.[CAPTURE_LABEL] }) || !valid.includes(own);
}

/** `status` is the agent's own answer; undefined: it was not asked, or did not answer. */
export function assessPod(pod: PodView, status: AgentStatus | undefined, facts: CoverageFacts): PodCoverage {
  const mode = injectionStatusOf(pod)?.mode ?? 'sidecar';
  const agent = agentState(pod);
  switch (agent.kind) {
    case 'starting':
      return { state: 'starting', mode };
    case 'down':
      return { state: 'uncovered', ...finding('DBA2012', agent.reason), mode };
    case 'absent':
      return { state: 'uncovered', ...reasonOfAbsence(pod, facts) };
    case 'running':
      if (status === undefined || status.capturing) return { state: 'captured', mode };
      if (status.reason === undefined) return { state: 'starting', mode };
      return { state: 'uncovered', ...parseReason(status.reason, 'DBA2011'), mode };
  }
}

function reasonOfAbsence(pod: PodView, { namespace, view, injectorSince }: CoverageFacts): Finding {
  const skipped = skippedReasonOf(pod);
  if (skipped !== undefined) return parseReason(skipped, 'DBA2013');
  const prediction = predictInjection(pod.object, { name: pod.namespace, object: namespace }, view);
  if (prediction?.injected === false) return { code: prediction.code, reason: prediction.reason };
  const since = selectedSince(pod.object, namespace, injectorSince);
  const created = Date.parse(pod.object.metadata.creationTimestamp ?? '');
  return since !== undefined && created < since ? finding('DBA2010') : finding('DBA2009');
}

interface Finding {
  readonly code: Code;
  readonly reason: string;
}

function finding(code: Code, reason: string = CODES[code].title): Finding {
  return { code, reason };
}

/** `DBA2xxx: reason`, as injector and agent write it; with `otherwise` where there is no code that is known here. */
function parseReason(text: string, otherwise: Code): Finding {
  const [, code, reason] = /^(DBA\d{4})[:\s]\s*(.*)$/s.exec(text) ?? [];
  return isCode(code) ? { code, reason: reason ?? '' } : { code: otherwise, reason: text };
}

function isCode(text: string | undefined): text is Code {
  return text !== undefined && Object.hasOwn(CODES, text);
}
