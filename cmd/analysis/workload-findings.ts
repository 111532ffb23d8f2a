import { CODES, type Code } from '../../contract/codes.ts';
import { CAPTURE_LABEL, SETTING_PREFIX } from '../../contract/labels.ts';
import { type InjectorView, predictInjection } from '../capture/prediction.ts';
import { isSelected } from '../capture/selection.ts';
import type { KubernetesObject } from '../kubernetes/cluster.ts';
import { nameOf, podTemplateOf, type Workload } from '../kubernetes/workloads.ts';
import type { Finding } from './finding.ts';

/** What decides about a workload besides itself. */
export interface WorkloadSurroundings {
  /** As it is read; undefined: not known, taken for one without labels. */
  readonly namespace: KubernetesObject | undefined;
  readonly view: InjectorView;
  /** It was asked for by name: then it is also told what is as someone wants it. */
  readonly named: boolean;
  readonly source?: string;
}

/** Skipping that someone chose. */
const CHOSEN: readonly Code[] = ['DBA2003', 'DBA2019'];

/** What is wrong with a workload, or a pod, as it stands there: what happens when its pods are made. */
export function findInWorkload(workload: Workload, surroundings: WorkloadSurroundings): readonly Finding[] {
  const { object } = workload;
  const namespace = object.metadata.namespace ?? 'default';
  const place = {
    kind: object.kind,
    name: object.metadata.name,
    namespace,
    ...(surroundings.source === undefined ? {} : { source: surroundings.source }),
  };
  return [
    ...misplaced(workload, namespace).map((finding) => ({ ...place, ...finding })),
    ...predicted(workload, namespace, surroundings).map((finding) => ({ ...place, ...finding })),
  ];
}

/** What is wrong with a namespace for all pods in it. */
export function findInNamespace(namespace: KubernetesObject, view: InjectorView): readonly Finding[] {
  const { name, labels = {} } = namespace.metadata;
  const place = { kind: 'Namespace', name };
  const value = labels[CAPTURE_LABEL];
  const any = { metadata: {}, spec: { containers: [] } };
  const prediction = predictInjection(any, { name, object: namespace }, view);
  if (prediction?.injected) return prediction.notes.map((note) => ({ ...place, level: 'warning', ...note }));
  if (value === undefined || value === 'disabled' || !prediction) return [];
  const { code, reason } = prediction;
  if (code === 'DBA2002') return [{ ...place, code: 'DBA3005', level: 'error', message: reason }];
  return [{ ...place, code, level: 'error', message: reason, ...fix(namespaceFix(code, name)) }];
}

type Found = Pick<Finding, 'code' | 'level' | 'message' | 'fix'>;

/** Of ours on the workload itself, where nobody reads it. */
function misplaced(workload: Workload, namespace: string): readonly Found[] {
  const { kind, object } = workload;
  if (kind.template === undefined || kind.template.length === 0) return [];
  const template = podTemplateOf(workload)?.metadata;
  const value = object.metadata.labels?.[CAPTURE_LABEL];
  const findings: Found[] = [];
  if (value !== undefined && template?.labels?.[CAPTURE_LABEL] !== value) {
    const command = `kubectl dbaudit ${value === 'disabled' ? 'disable' : 'enable'} ${nameOf(workload)} -n ${namespace}`;
    findings.push({
      code: 'DBA2015',
      level: value === 'enabled' ? 'error' : 'warning',
      message: `label ${CAPTURE_LABEL}=${value} is on the ${object.kind}, not in its pod template: it selects nothing`,
      ...fix(kind.change === 'immutable' ? undefined : command),
    });
  }
  for (const key of Object.keys(object.metadata.annotations ?? {})) {
    if (!key.startsWith(SETTING_PREFIX) || template?.annotations?.[key] !== undefined) continue;
    findings.push({
      code: 'DBA2020',
      level: 'warning',
      message: `annotation ${key} is on the ${object.kind}, not in its pod template: it sets nothing`,
    });
  }
  return findings;
}

function predicted(
  workload: Workload,
  namespace: string,
  { namespace: object, view, named }: WorkloadSurroundings,
): readonly Found[] {
  const prediction = predictInjection(podTemplateOf(workload), { name: namespace, object }, view);
  if (!prediction) return [];
  if (prediction.injected) {
    const known = new Set(object ? findInNamespace(object, view).map(({ message }) => message) : []);
    return prediction.notes
      .filter(({ message }) => !known.has(message))
      .map(({ code, message }) => ({ code, level: 'warning', message }));
  }
  const { code, reason } = prediction;
  const labels = {
    pod: podTemplateOf(workload)?.metadata.labels?.[CAPTURE_LABEL],
    namespace: object?.metadata.labels?.[CAPTURE_LABEL],
  };
  // Of the namespaces that are never touched the injector says so whether they are selected or not.
  const chosen = CHOSEN.includes(code) || (code === 'DBA2007' && !isSelected(labels));
  if (!chosen) {
    return [{ code, level: 'error', message: reason, ...fix(workloadFix(code, workload, namespace)) }];
  }
  if (!named) return [];
  const { change, template } = workload.kind;
  const command = `kubectl dbaudit enable ${nameOf(workload)} -n ${namespace}`;
  const none = change === 'immutable' || !template || code === 'DBA2007';
  return [{ code, level: 'info', message: reason, ...fix(none ? undefined : command) }];
}

function workloadFix(code: Code, workload: Workload, namespace: string): string | undefined {
  if (code !== 'DBA2018' || workload.kind.change === 'immutable') return undefined;
  return `kubectl dbaudit enable ${nameOf(workload)} -n ${namespace}`;
}

function namespaceFix(code: Code, name: string): string | undefined {
  if (code === 'DBA2018') return `kubectl dbaudit enable namespace/${name}`;
  return code === 'DBA2007' ? `kubectl label namespace ${name} ${CAPTURE_LABEL}-` : undefined;
}

function fix(command: string | undefined): { readonly fix?: string } {
  return command === undefined ? {} : { fix: command };
}

/** What `explain` would say, for findings that no command mends. */
export function adviceOf({ code, fix }: Pick<Finding, 'code' | 'fix'>): string {
  return fix ?? CODES[code].help;
}
