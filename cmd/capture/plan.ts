import type { Code } from '../../contract/codes.ts';
import { EXCLUDED_NAMESPACES } from '../../contract/labels.ts';
import { isInjected, type PodView } from '../kubernetes/pods.ts';
import { rolloutOf } from '../kubernetes/rollout.ts';
import { controllerOf, nameOf, type Workload } from '../kubernetes/workloads.ts';
import type { Capture } from './selection.ts';
import { type CaptureState, type ChangeWish, captureStateOf, nextState } from './template-change.ts';

/** What is to be done to one object. */
export type Step =
  | {
      readonly kind: 'change';
      readonly workload: Workload;
      readonly from: CaptureState;
      readonly to: CaptureState;
      /** Its controller replaces the pods because of the change. */
      readonly restarts: boolean;
      /** How the pods get the change where they are not restarted. */
      readonly note?: string;
    }
  | { readonly kind: 'none'; readonly workload: Workload; readonly reason: string }
  | {
      readonly kind: 'refused';
      readonly workload: Workload;
      readonly code?: Code;
      readonly reason: string;
      readonly nextStep: string;
    };

export interface PlanFacts {
  readonly wanted: Capture;
  /** The capture label of the object's namespace; undefined for namespaces. */
  readonly namespaceLabel: string | undefined;
  readonly ownNamespace: string;
  readonly restart: 'auto' | 'never';
  /** RFC 3339. */
  readonly now: string;
  /** Of the workload, those that have ended left out. */
  readonly pods: readonly PodView[];
  /** Why the injector would pass its pods over. */
  readonly skip?: { readonly code: Code; readonly reason: string };
}

/** Decides what to do, so that doing it twice does nothing the second time. */
export function planStep(workload: Workload, facts: PlanFacts): Step {
  const refusal = refusalOf(workload, facts);
  if (refusal) return { kind: 'refused', workload, ...refusal };
  const { wanted, namespaceLabel, now, restart } = facts;
  const from = captureStateOf(workload);
  const rolls = workload.kind.change === 'rolls-out' && rolloutOf(workload.object)?.state !== 'manual';
  const outdated = rolls && facts.pods.some((pod) => isInjected(pod) !== (wanted === 'enabled'));
  const wish: ChangeWish = { wanted, namespaceLabel, now, restart: outdated && restart === 'auto' };
  const to = nextState(from, wish);
  if (!to) return { kind: 'none', workload, reason: `is ${wanted} already${outdated ? '; its pods are older' : ''}` };
  if (rolls && restart === 'never') {
    return {
      kind: 'refused',
      workload,
      reason: 'changing its pod template restarts its pods, which --restart=never forbids',
      nextStep: `Leave --restart=never out, or pause it first: \`kubectl rollout pause ${nameOf(workload)}\`.`,
    };
  }
  const note = noteOf(workload, rolls);
  return { kind: 'change', workload, from, to, restarts: rolls, ...(note === undefined ? {} : { note }) };
}

type Refusal = Pick<Extract<Step, { kind: 'refused' }>, 'code' | 'reason' | 'nextStep'>;

function refusalOf(workload: Workload, { wanted, ownNamespace, skip }: PlanFacts): Refusal | undefined {
  const { kind, object } = workload;
  const owner = controllerOf(object);
  if (owner) {
    const name = `${owner.kind.toLowerCase()}/${owner.name}`;
    return {
      reason: `belongs to ${name}, which would undo the change`,
      nextStep: `\`kubectl dbaudit ${verb(wanted)} ${name}${flag(object.metadata.namespace)}\``,
    };
  }
  const namespace = kind.name === 'namespace' ? object.metadata.name : object.metadata.namespace;
  const excluded: readonly (string | undefined)[] = [...EXCLUDED_NAMESPACES, ownNamespace];
  if (wanted === 'enabled' && excluded.includes(namespace)) {
    return {
      code: 'DBA2007',
      reason: `namespace ${namespace} is never touched`,
      nextStep: 'Choose workloads outside the cluster’s own namespaces and that of dbaudit.',
    };
  }
  if (kind.change === 'immutable') {
    const file = `kubectl get ${nameOf(workload)}${flag(namespace)} -o yaml`;
    return {
      reason:
        kind.name === 'pod'
          ? 'containers cannot be added to a pod that exists, and no controller would make it anew'
          : 'the pod template of a Job cannot be changed once it exists',
      nextStep: `Set the label dbaudit.io/capture=${wanted} ${kind.name === 'pod' ? 'in its manifest' : 'in spec.template of its manifest'}, delete it and create it again (\`${file}\` shows it as it is).`,
    };
  }
  if (wanted === 'enabled' && skip) {
    return {
      code: skip.code,
      reason: `its pods would be passed over: ${skip.reason}`,
      nextStep: `\`kubectl dbaudit explain ${skip.code}\` says what helps; nothing was changed.`,
    };
  }
  return undefined;
}

function noteOf({ kind, object }: Workload, rolls: boolean): string | undefined {
  if (kind.change === 'next-run') return 'from the next run on';
  if (kind.change === 'by-hand' && kind.template !== undefined) return 'each pod changes when it is deleted';
  const rollout = rolloutOf(object);
  return !rolls && rollout?.state === 'manual' ? rollout.message : undefined;
}

function verb(wanted: Capture): string {
  return wanted === 'enabled' ? 'enable' : 'disable';
}

function flag(namespace: string | undefined): string {
  return namespace === undefined ? '' : ` -n ${namespace}`;
}
