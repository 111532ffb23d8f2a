import { CODES } from '../contract/codes.ts';
import type { InjectionSettings, InjectionStatus } from '../contract/injection-settings.ts';
import {
  AGENT_CONTAINER,
  CAPTURE_LABEL,
  EXCLUDED_NAMESPACES,
  INJECTED_LABEL,
  INJECTION_ANNOTATION,
  SKIPPED_ANNOTATION,
} from '../contract/labels.ts';
import { VERSION } from '../contract/version.ts';
import { isOwnVolume } from './agent-volumes.ts';
import { limitsStorage } from './ephemeral-storage.ts';
import { CREATABLE, DEFAULT_CONTAINER_ANNOTATION, isInjected, missingIn, readStatus } from './injection-status.ts';
import { OBSTACLES } from './obstacles.ts';
import { labelOf, type Pod } from './pod.ts';
import { recipeFor } from './pod-security.ts';
import { type Note, readSettings } from './settings.ts';
import { agentContainer, sidecarVolumes } from './sidecar.ts';

export { isPod, type Pod, podProblem } from './pod.ts';
export type { Note } from './settings.ts';

/** What injection depends on besides the pod. */
export interface Surroundings {
  readonly namespace: {
    readonly name: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations: Readonly<Record<string, string>>;
  };
  readonly settings: InjectionSettings;
  /** The cluster runs init containers with `restartPolicy: Always` (Kubernetes 1.29). */
  readonly nativeSidecars: boolean;
  readonly source: InjectionStatus['source'];
  readonly ownNamespace: string;
}

export type SkipCode = Note['code'];

export type Injection =
  | { readonly injected: true; readonly pod: Pod; readonly notes: readonly Note[] }
  | { readonly injected: false; readonly code: SkipCode; readonly reason: string };

/**
 * The pod with an agent, or why it gets none. Pure: the pod given is not changed, and a field that is not known here is
 * kept. A pod that has our agent already comes back as it is, whatever the settings now are: other injectors have seen
 * it, and admission asks again after each of them.
 */
export function inject(pod: Pod, surroundings: Surroundings): Injection {
  if (isInjected(pod)) return { injected: true, pod, notes: [] };
  const refusal = refusalOf(pod, surroundings);
  if (refusal) return skip(refusal);

  const { namespace, settings, nativeSidecars, source } = surroundings;
  const annotations = { pod: pod.metadata?.annotations ?? {}, namespace: namespace.annotations };
  const { values, notes } = readSettings(annotations, settings);
  const recipe = recipeFor(namespace.labels, settings);
  const native = values.get('native-sidecar') !== 'false' && nativeSidecars;
  const obstacle = OBSTACLES.find(({ stands }) => stands(pod, { recipe, native }));
  if (obstacle || recipe === 'none') return skip(obstacle?.code ?? 'DBA2002');

  const agent = agentContainer({
    image: settings.image,
    values,
    recipe,
    native,
    boundedByPod: !!pod.spec.resources,
    limitsStorage: limitsStorage(pod),
  });
  const parts: InjectedParts = { agent, volumes: sidecarVolumes(values), native, source };
  return { injected: true, pod: withAgent(pod, parts), notes };
}

/**
 * The pod as it was before `inject`, whichever injector put the agent in; the same pod where there is none. What others
 * changed since then stays changed. What was null is absent.
 */
export function uninject(pod: Pod): Pod {
  if (!isInjected(pod)) return pod;
  const created = new Set(readStatus(pod)?.created);
  const before = structuredClone(pod);
  const { metadata, spec } = before;

  delete metadata?.labels?.[INJECTED_LABEL];
  delete metadata?.annotations?.[INJECTION_ANNOTATION];
  if (created.has(CREATABLE.defaultContainer)) delete metadata?.annotations?.[DEFAULT_CONTAINER_ANNOTATION];
  spec.containers = spec.containers.filter(({ name }) => name !== AGENT_CONTAINER);
  if (spec.initContainers) spec.initContainers = spec.initContainers.filter(({ name }) => name !== AGENT_CONTAINER);
  if (spec.volumes) spec.volumes = spec.volumes.filter((volume) => !isOwnVolume(volume));

  const madeForUs = (pointer: string, value: object | null | undefined) =>
    created.has(pointer) && !!value && Object.keys(value).length === 0;
  if (madeForUs(CREATABLE.volumes, spec.volumes)) delete spec.volumes;
  if (madeForUs(CREATABLE.initContainers, spec.initContainers)) delete spec.initContainers;
  if (madeForUs(CREATABLE.annotations, metadata?.annotations)) delete metadata?.annotations;
  if (madeForUs(CREATABLE.labels, metadata?.labels)) delete metadata?.labels;
  if (madeForUs(CREATABLE.metadata, metadata)) delete before.metadata;
  return before;
}

/** Namespace and labels: whether the pod is to have an agent at all. In a cluster selectors have asked before. */
function refusalOf(pod: Pod, { namespace, ownNamespace }: Surroundings): SkipCode | undefined {
  const excluded: readonly string[] = [...EXCLUDED_NAMESPACES, ownNamespace];
  if (excluded.includes(namespace.name)) return 'DBA2007';
  switch (labelOf(pod, CAPTURE_LABEL) ?? namespace.labels[CAPTURE_LABEL]) {
    case 'enabled':
      return undefined;
    case 'disabled':
      return 'DBA2003';
    case undefined:
      return 'DBA2019';
    default:
      return 'DBA2018';
  }
}

function skip(code: SkipCode): Injection {
  return { injected: false, code, reason: CODES[code].title };
}

interface InjectedParts extends Pick<InjectionStatus, 'native' | 'source'> {
  readonly agent: ReturnType<typeof agentContainer>;
  readonly volumes: ReturnType<typeof sidecarVolumes>;
}

function withAgent(pod: Pod, { agent, volumes, native, source }: InjectedParts): Pod {
  const { metadata, spec } = pod;
  const created = missingIn(pod, native);
  const status: InjectionStatus = { version: VERSION, source, mode: 'sidecar', native, created };
  return {
    ...pod,
    metadata: {
      ...metadata,
      labels: { ...metadata?.labels, [INJECTED_LABEL]: 'true' },
      annotations: {
        ...withoutSkipMark(metadata?.annotations),
        ...(created.includes(CREATABLE.defaultContainer) && spec.containers[0]
          ? { [DEFAULT_CONTAINER_ANNOTATION]: spec.containers[0].name }
          : {}),
        [INJECTION_ANNOTATION]: JSON.stringify(status),
      },
    },
    spec: {
      ...spec,
      // First, so that what init containers ask a database (migrations) is seen. An ordinary container comes last:
      // tools take the first for the application.
      ...(native
        ? { initContainers: [agent, ...(spec.initContainers ?? [])] }
        : { containers: [...spec.containers, agent] }),
      volumes: [...(spec.volumes ?? []), ...volumes],
    },
  };
}

/** Admission asks again after other injectors: what was in the way the first time may be gone. */
function withoutSkipMark(annotations: Readonly<Record<string, string>> | null | undefined): Record<string, string> {
  const { [SKIPPED_ANNOTATION]: _, ...others } = annotations ?? {};
  return others;
}
