import { AGENT_CONTAINER } from '../contract/labels.ts';
import type { Pod } from './pod.ts';

type Container = Pod['spec']['containers'][number];

/** `requests` and `limits` of a container, as written. */
export interface WrittenResources {
  readonly requests: Readonly<Record<string, unknown>>;
  readonly limits: Readonly<Record<string, unknown>>;
}

/** The pod with other resources for the agent; the pod given is not changed. */
export function withAgentResources(pod: Pod, change: (resources: WrittenResources) => WrittenResources): Pod {
  const changed = (container: Container): Container => {
    if (container.name !== AGENT_CONTAINER) return container;
    const resources = recordOf(container.resources);
    const written = { requests: recordOf(resources.requests), limits: recordOf(resources.limits) };
    return { ...container, resources: { ...resources, ...change(written) } };
  };
  const { containers, initContainers } = pod.spec;
  return {
    ...pod,
    spec: {
      ...pod.spec,
      containers: containers.map(changed),
      ...(initContainers ? { initContainers: initContainers.map(changed) } : {}),
    },
  };
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
}
