import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { TestCluster } from './test-cluster.ts';

const KUBECONFIGS = join(import.meta.dirname, '../../../build/cluster/kind');
const KIND_LIMIT_SECONDS = 300;

/** What our own cluster has and kind's default has not. https://kind.sigs.k8s.io/docs/user/configuration/ */
const KIND_CONFIGURATION = JSON.stringify({
  kind: 'Cluster',
  apiVersion: 'kind.x-k8s.io/v1alpha4',
  featureGates: { MutatingAdmissionPolicy: true },
  runtimeConfig: { 'admissionregistration.k8s.io/v1beta1': 'true' },
});

/** A cluster that somebody else keeps up. Nothing is loaded into it: its nodes pull. */
export function givenCluster(kubeconfig: string): TestCluster {
  return new TestCluster({
    description: `the cluster of ${kubeconfig}`,
    kubeconfig,
    async loadImage(archive) {
      throw new Error(
        `${archive} cannot be loaded into a given cluster: push its image and name it in DBAUDIT_TEST_IMAGE, the databases' in DBAUDIT_TEST_DATABASES_IMAGE`,
      );
    },
    logTail: () => '',
  });
}

/** `kind` is on PATH and a Docker daemon answers it. */
export function kindIsUsable(): boolean {
  const works = (program: string, ...parameters: readonly string[]) =>
    spawnSync(program, parameters, { stdio: 'ignore', timeout: 10_000 }).status === 0;
  return works('kind', 'version') && works('docker', 'info');
}

export function kindCluster(name: string): TestCluster {
  return new TestCluster({
    description: `kind's cluster ${name}`,
    kubeconfig: kindKubeconfig(name),
    async loadImage(archive) {
      kind(['load', 'image-archive', archive, '--name', name]);
    },
    logTail: () => '',
  });
}

export function createKindCluster(name: string): void {
  mkdirSync(KUBECONFIGS, { recursive: true });
  const wait = `${KIND_LIMIT_SECONDS}s`;
  kind(
    ['create', 'cluster', '--name', name, '--kubeconfig', kindKubeconfig(name), '--wait', wait, '--config', '-'],
    KIND_CONFIGURATION,
  );
}

export function deleteKindCluster(name: string): void {
  kind(['delete', 'cluster', '--name', name, '--kubeconfig', kindKubeconfig(name)]);
}

function kindKubeconfig(name: string): string {
  return join(KUBECONFIGS, `${name}.kubeconfig`);
}

function kind(parameters: readonly string[], input = ''): void {
  const { status, stderr, error } = spawnSync('kind', parameters, { encoding: 'utf8', input });
  if (status !== 0) throw new Error(`kind ${parameters.slice(0, 2).join(' ')}: ${(error?.message ?? stderr).trim()}`);
}
