import type { KubernetesObject } from '../contract/kubernetes-object.ts';
import { INJECTOR, INJECTOR_SELECTOR, metadata } from './metadata.ts';
import type { InstallOptions } from './options.ts';
import { INJECTOR_PORT } from './service.ts';

/** Policies see the API server's own port, not that of its Service: clouds, kubeadm and k3s, minikube, MicroK8s. */
const API_SERVER_PORTS = [443, 6443, 8443, 16_443];
const DNS_PORT = 53;

/** No peers are named: the API server, the kubelet and the cluster's DNS have no labels that hold everywhere. */
export function renderNetworkPolicy(options: InstallOptions): KubernetesObject[] {
  if (options.injector !== 'webhook' || !options.networkPolicy) return [];
  const dns = ['UDP', 'TCP'].map((protocol) => ({ protocol, port: DNS_PORT }));
  const apiServer = API_SERVER_PORTS.map((port) => ({ protocol: 'TCP', port }));
  return [
    {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: metadata(options, 'injector', INJECTOR),
      spec: {
        podSelector: { matchLabels: INJECTOR_SELECTOR },
        policyTypes: ['Ingress', 'Egress'],
        ingress: [{ ports: [{ protocol: 'TCP', port: INJECTOR_PORT }] }],
        egress: [{ ports: dns }, { ports: apiServer }],
      },
    },
  ];
}
