import type { KubernetesObject } from '../contract/kubernetes-object.ts';
import { INJECTOR, INJECTOR_SELECTOR, metadata } from './metadata.ts';
import type { InstallOptions } from './options.ts';

/** The kubelet's own port: control planes of private clouds may reach nodes and pods on 443 and 10250 alone. */
export const INJECTOR_PORT = 10_250;
export const SERVICE_PORT = 443;

/** Where the API server finds the injector. */
export function renderService(options: InstallOptions): KubernetesObject[] {
  if (options.injector !== 'webhook') return [];
  return [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: metadata(options, 'injector', INJECTOR),
      spec: {
        type: 'ClusterIP',
        selector: INJECTOR_SELECTOR,
        ports: [
          { name: 'https', port: SERVICE_PORT, targetPort: INJECTOR_PORT, protocol: 'TCP', appProtocol: 'https' },
        ],
      },
    },
  ];
}
