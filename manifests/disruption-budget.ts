import type { KubernetesObject } from '../contract/kubernetes-object.ts';
import { INJECTOR, INJECTOR_SELECTOR, metadata } from './metadata.ts';
import type { InstallOptions } from './options.ts';

/** One injector may be away, so a single replica never blocks the draining of its node. */
export function renderDisruptionBudget(options: InstallOptions): KubernetesObject[] {
  if (options.injector !== 'webhook' || !options.disruptionBudget) return [];
  return [
    {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: metadata(options, 'injector', INJECTOR),
      spec: { maxUnavailable: 1, selector: { matchLabels: INJECTOR_SELECTOR } },
    },
  ];
}
