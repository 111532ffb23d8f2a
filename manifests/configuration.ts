import { stringify } from 'yaml';
import { COLLECTOR_PORT, INGEST_PATH } from '../contract/collector-api.ts';
import { AGENT_COLLECTOR_CA_KEY, COLLECTOR_CONFIG_KEY, COLLECTOR_CONFIG_MAP } from '../contract/collector-objects.ts';
import { INJECTION_CONFIG_KEY, INJECTION_CONFIG_MAP } from '../contract/injection-settings.ts';
import type { KubernetesObject } from '../contract/kubernetes-object.ts';
import {
  AGENT_CONFIG_DIRECTORY,
  AGENT_CONFIG_KEY,
  AGENT_CONFIG_MAP,
  SINK_TOKEN_DIRECTORY,
  SINK_TOKEN_FILE,
} from '../contract/labels.ts';
import { COLLECTOR, metadata } from './metadata.ts';
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
      data: { [AGENT_CONFIG_KEY]: options.agentConfig === '' ? defaultAgentConfig(options) : options.agentConfig },
    },
    ...(options.collector
      ? [
          {
            apiVersion: 'v1',
            kind: 'ConfigMap',
            metadata: metadata(options, 'collector', COLLECTOR_CONFIG_MAP),
            data: { [COLLECTOR_CONFIG_KEY]: options.collectorConfig },
          },
        ]
      : []),
  ];
}

/** Standard output too: `tail` and `top` read agents' logs where there is no collector, or it is away. */
function defaultAgentConfig({ collector, namespace }: InstallOptions): string {
  if (!collector) return 'sinks:\n  - type: stdout\n';
  return `sinks:
  - type: stdout
  - name: collector
    type: http
    url: https://${COLLECTOR}.${namespace}.svc:${COLLECTOR_PORT}${INGEST_PATH}
    bearerFile: ${SINK_TOKEN_DIRECTORY}/${SINK_TOKEN_FILE}
    tls:
      caFile: ${AGENT_CONFIG_DIRECTORY}/${AGENT_COLLECTOR_CA_KEY}
`;
}
