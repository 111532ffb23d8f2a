import * as z from 'zod';
import { type InjectionStatus, injectionStatusSchema } from '../../contract/injection-settings.ts';
import { AGENT_CONTAINER, INJECTED_LABEL, INJECTION_ANNOTATION, SKIPPED_ANNOTATION } from '../../contract/labels.ts';
import type { KubernetesObject } from './cluster.ts';

const stateDetail = z.looseObject({ reason: z.string().optional(), message: z.string().optional() });

const containerStatusSchema = z.looseObject({
  name: z.string(),
  ready: z.boolean().default(false),
  restartCount: z.number().default(0),
  state: z
    .looseObject({
      running: z.looseObject({ startedAt: z.string().optional() }).optional(),
      waiting: stateDetail.optional(),
      terminated: stateDetail.extend({ exitCode: z.number().default(0) }).optional(),
    })
    .prefault({}),
});

export type ContainerStatus = z.infer<typeof containerStatusSchema>;

const podSchema = z.looseObject({
  status: z
    .looseObject({
      phase: z.string().default('Pending'),
      conditions: z
        .array(
          z.looseObject({
            type: z.string(),
            status: z.string(),
            reason: z.string().optional(),
            message: z.string().optional(),
          }),
        )
        .default([]),
      initContainerStatuses: z.array(containerStatusSchema).default([]),
      containerStatuses: z.array(containerStatusSchema).default([]),
    })
    .prefault({}),
});

/** What commands ask of a pod. */
export interface PodView {
  readonly object: KubernetesObject;
  readonly name: string;
  readonly namespace: string;
  readonly phase: string;
  readonly ready: boolean;
  /** Being deleted, or all its containers have ended for good. */
  readonly ended: boolean;
  /** Native sidecars and init containers first. */
  readonly containers: readonly ContainerStatus[];
  /** Why the scheduler has no node for it. */
  readonly unschedulable?: string;
}

export function viewPod(object: KubernetesObject): PodView {
  const { status } = podSchema.parse(object);
  const scheduled = status.conditions.find(({ type }) => type === 'PodScheduled');
  return {
    object,
    name: object.metadata.name,
    namespace: object.metadata.namespace ?? 'default',
    phase: status.phase,
    ready: status.conditions.some(({ type, status }) => type === 'Ready' && status === 'True'),
    ended: object.metadata.deletionTimestamp !== undefined || status.phase === 'Succeeded' || status.phase === 'Failed',
    containers: [...status.initContainerStatuses, ...status.containerStatuses],
    ...(scheduled?.status === 'False' ? { unschedulable: scheduled.message ?? 'no node takes it' } : {}),
  };
}

/** The agent's container in the pod as the kubelet sees it. */
export type AgentState =
  /** The pod was not injected. */
  | { readonly kind: 'absent' }
  /** On its way, nothing wrong so far. */
  | { readonly kind: 'starting' }
  | { readonly kind: 'running' }
  | { readonly kind: 'down'; readonly reason: string };

/** Waiting reasons of a container that is merely on its way. */
const ORDINARY_WAITS: readonly (string | undefined)[] = [undefined, 'ContainerCreating', 'PodInitializing'];

export function agentState(pod: PodView): AgentState {
  const status = pod.containers.find(({ name }) => name === AGENT_CONTAINER);
  if (!isInjected(pod)) return { kind: 'absent' };
  if (!status) return { kind: 'starting' };
  if (status.state.running) return { kind: 'running' };
  const trouble = containerTrouble(status);
  return trouble === undefined ? { kind: 'starting' } : { kind: 'down', reason: trouble };
}

/** Why a container does not run, in one line; undefined where it runs, is on its way or ended well. */
export function containerTrouble({ state }: ContainerStatus): string | undefined {
  const { waiting, terminated } = state;
  if (waiting && !ORDINARY_WAITS.includes(waiting.reason)) return join(waiting.reason, waiting.message);
  if (terminated && terminated.exitCode !== 0)
    return join(`${terminated.reason ?? 'ended'} (exit code ${terminated.exitCode})`, terminated.message);
  return undefined;
}

export function isInjected({ object }: PodView): boolean {
  return object.metadata.labels?.[INJECTED_LABEL] === 'true';
}

/** What the injector wrote when it put the agent in; undefined where there is nothing, or nothing that can be read. */
export function injectionStatusOf({ object }: PodView): InjectionStatus | undefined {
  const text = object.metadata.annotations?.[INJECTION_ANNOTATION];
  if (text === undefined) return undefined;
  try {
    return injectionStatusSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** `DBA2xxx: reason`, as the injector wrote it. */
export function skippedReasonOf({ object }: PodView): string | undefined {
  return object.metadata.annotations?.[SKIPPED_ANNOTATION];
}

function join(reason: string | undefined, message: string | undefined): string {
  return [reason, message].filter((part) => part !== undefined && part !== '').join(': ');
}
