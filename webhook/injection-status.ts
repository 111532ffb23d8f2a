import { type InjectionStatus, injectionStatusSchema } from '../contract/injection-settings.ts';
import { AGENT_CONTAINER, INJECTION_ANNOTATION } from '../contract/labels.ts';
import { annotationOf, containersOf, type Pod } from './pod.ts';

/** kubectl's own key for the container that `logs` and `exec` mean. */
export const DEFAULT_CONTAINER_ANNOTATION = 'kubectl.kubernetes.io/default-container';

/** What injection makes where it is not there, as JSON pointers for `InjectionStatus.created`. */
export const CREATABLE = {
  metadata: '/metadata',
  labels: '/metadata/labels',
  annotations: '/metadata/annotations',
  defaultContainer: '/metadata/annotations/kubectl.kubernetes.io~1default-container',
  initContainers: '/spec/initContainers',
  volumes: '/spec/volumes',
} as const;

/** Of these, what an injection of this pod makes. */
export function missingIn(pod: Pod, native: boolean): string[] {
  const { metadata, spec } = pod;
  const hasDefaultContainer =
    annotationOf(pod, DEFAULT_CONTAINER_ANNOTATION) !== undefined || spec.containers.length === 0;
  return [
    ...(metadata ? [] : [CREATABLE.metadata]),
    ...(metadata?.labels ? [] : [CREATABLE.labels]),
    ...(metadata?.annotations ? [] : [CREATABLE.annotations]),
    ...(hasDefaultContainer ? [] : [CREATABLE.defaultContainer]),
    ...(spec.initContainers || !native ? [] : [CREATABLE.initContainers]),
    ...(spec.volumes ? [] : [CREATABLE.volumes]),
  ];
}

/** Whether our agent is in it: a container of our name that an injector, not the pod's author, has put in. */
export function isInjected(pod: Pod): boolean {
  return (
    annotationOf(pod, INJECTION_ANNOTATION) !== undefined &&
    containersOf(pod).some(({ name }) => name === AGENT_CONTAINER)
  );
}

/** Undefined where there is none, or none that can be read. */
export function readStatus(pod: Pod): InjectionStatus | undefined {
  try {
    return injectionStatusSchema.safeParse(JSON.parse(annotationOf(pod, INJECTION_ANNOTATION) ?? 'null')).data;
  } catch {
    return undefined;
  }
}
