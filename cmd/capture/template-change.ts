import { CAPTURE_LABEL, ENABLED_ANNOTATION } from '../../contract/labels.ts';
import type { Patch } from '../kubernetes/cluster.ts';
import { podTemplateOf, templatePatch, type Workload } from '../kubernetes/workloads.ts';
import { type Capture, type ChangeRecord, labelFor, readChangeRecord } from './selection.ts';

/** What `kubectl rollout restart` sets in a template, so that its controller makes the pods anew. */
const RESTARTED_AT_ANNOTATION = 'kubectl.kubernetes.io/restartedAt';

/** Values that a workload's capture hangs on; null: not there. */
export interface CaptureState {
  readonly label: string | null;
  readonly restartedAt: string | null;
  readonly record: ChangeRecord | undefined;
}

export interface ChangeWish {
  readonly wanted: Capture;
  /** The capture label of the workload's namespace. */
  readonly namespaceLabel: string | undefined;
  /** Make the pods anew even where the label need not change. */
  readonly restart: boolean;
  /** RFC 3339. */
  readonly now: string;
}

/** Reads it from the pod template, or from a namespace itself. */
export function captureStateOf(workload: Workload): CaptureState {
  const metadata = podTemplateOf(workload)?.metadata ?? workload.object.metadata;
  return {
    label: metadata.labels?.[CAPTURE_LABEL] ?? null,
    restartedAt: metadata.annotations?.[RESTARTED_AT_ANNOTATION] ?? null,
    record: readChangeRecord(workload.object.metadata),
  };
}

/** The state that fulfils the wish with the least change; undefined: it is fulfilled. */
export function nextState(state: CaptureState, wish: ChangeWish): CaptureState | undefined {
  const labels = { pod: state.label ?? undefined, namespace: wish.namespaceLabel };
  const label = labelFor(wish.wanted, labels, state.record);
  if (label === undefined && !wish.restart) return undefined;
  const restartedAt = nextRestartedAt(state, wish, label !== undefined);
  const record = recordOf(state, { label: label === undefined ? state.label : label, restartedAt }, wish.now);
  return { label: label === undefined ? state.label : label, restartedAt, record };
}

/**
 * Takes the workload from one state to another. Only what differs is named, so that a field manager that owns the rest
 * sees no conflict; a map that becomes empty is dropped by the API server, which leaves the template as it was.
 */
export function patchBetween({ kind }: Workload, from: CaptureState, to: CaptureState): Patch {
  const template = {
    ...(from.label === to.label ? {} : { labels: { [CAPTURE_LABEL]: to.label } }),
    ...(from.restartedAt === to.restartedAt ? {} : { annotations: { [RESTARTED_AT_ANNOTATION]: to.restartedAt } }),
  };
  const own = { annotations: { [ENABLED_ANNOTATION]: to.record === undefined ? null : JSON.stringify(to.record) } };
  const recorded = JSON.stringify(from.record) !== JSON.stringify(to.record);
  if (kind.template === undefined) {
    return { type: 'merge', body: { metadata: { ...template, ...(recorded ? own : {}) } } };
  }
  const change = Object.keys(template).length > 0 ? templatePatch(kind, { metadata: template }) : {};
  return { type: 'merge', body: { ...(recorded ? { metadata: own } : {}), ...change } };
}

/**
 * A changed label restarts by itself; then, and when capture ends, an earlier restart of ours is taken back, which is a
 * change of the template too.
 */
function nextRestartedAt(
  state: CaptureState,
  { wanted, restart, now }: ChangeWish,
  labelChanges: boolean,
): string | null {
  const ours = state.record?.restartedAt;
  const isOurs = ours !== undefined && ours.after === state.restartedAt;
  if (isOurs && wanted === 'disabled') return ours.before;
  return restart && !labelChanges ? now : state.restartedAt;
}

function recordOf(
  state: CaptureState,
  next: Pick<CaptureState, 'label' | 'restartedAt'>,
  at: string,
): ChangeRecord | undefined {
  const label = change(state.record?.label, state.label, next.label);
  const restartedAt = change(state.record?.restartedAt, state.restartedAt, next.restartedAt);
  if (!label && !restartedAt) return undefined;
  return { at, ...(label ? { label } : {}), ...(restartedAt ? { restartedAt } : {}) };
}

/** What has to be remembered so that the first value comes back; a value that someone else set since is theirs. */
function change(
  recorded: { readonly before: string | null; readonly after: string | null } | undefined,
  now: string | null,
  next: string | null,
) {
  const before = recorded && recorded.after === now ? recorded.before : now;
  return before === next ? undefined : { before, after: next };
}
