import { stringify } from 'yaml';
import { INJECTION_CONFIG_KEY, INJECTION_CONFIG_MAP } from '../contract/injection-settings.ts';
import type { KubernetesObject } from '../contract/kubernetes-object.ts';
import { AGENT_CONFIG_KEY, AGENT_CONFIG_MAP } from '../contract/labels.ts';
import { metadata } from './metadata.ts';
import type { InstallOptions } from './options.ts';

/** How agents are injected, and the configuration of all agents, which the injector copies beside their workloads. */
export function renderConfiguration(options: InstallOptions): KubernetesObject[] {
  const { image, imagePullPolicy, injection } = options;
  // Sorted as Helm sorts, so that the text is the same however it was installed.
  const settings = stringify({ image, imagePullPolicy, ...injection }, { sortMapEntries: true, lineWidth: 0 });
  return [
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: metadata(options, 'configuration', INJECTION_CONFIG_MAP),
      data: { [INJECTION_CONFIG_KEY]: settings },
    },
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: metadata(options, 'configuration', AGENT_CONFIG_MAP),
      data: { [AGENT_CONFIG_KEY]: options.agentConfig },
    },
  ];
}
