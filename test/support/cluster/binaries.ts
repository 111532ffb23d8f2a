import { join } from 'node:path';

/** Versions of what `tools/prepare-cluster.ts` builds; the go.mod files beside this one pin the same. */
export const KUBERNETES_VERSION = 'v1.34.4';
export const HELM_VERSION = 'v3.19.5';
export const KREW_VERSION = 'v0.4.4';

/** Where `tools/prepare-cluster.ts` puts kube, coredns, helm and krew, and a link for each program that kube is. */
export const BINARIES = join(import.meta.dirname, '../../../build/cluster/bin');

export const KUBE_PROGRAMS = [
  'etcd',
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'kube-proxy',
  'kubelet',
  'kubectl',
] as const;

/** The path of one of the programs in BINARIES. */
export function binary(name: (typeof KUBE_PROGRAMS)[number] | 'coredns' | 'helm' | 'krew'): string {
  return join(BINARIES, name);
}
