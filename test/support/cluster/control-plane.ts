import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { binary } from './binaries.ts';
import { CertificateAuthority } from './certificates.ts';
import { kubeconfigOf, logDirectory, runDirectory } from './run-directory.ts';

export const NODE_NAME = 'node-1';
export const POD_RANGE = '10.244.0.0/24';
const SERVICE_RANGE = '10.96.0.0/16';
/** The first of the range is the API server's own. */
const API_SERVICE = '10.96.0.1';
const ETCD = 'http://127.0.0.1:2379';
const ETCD_PEER = 'http://127.0.0.1:2380';

/** Who did what, without bodies. https://kubernetes.io/docs/reference/config-api/apiserver-audit.v1/ */
const AUDIT_POLICY = JSON.stringify({
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived'],
  rules: [{ level: 'Metadata' }],
});

export interface ControlPlaneOptions {
  /** `{ MutatingAdmissionPolicy: true }`, for the API server. */
  readonly featureGates: Readonly<Record<string, boolean>>;
  /** APIs that are not served by default: `admissionregistration.k8s.io/v1beta1`. */
  readonly servedApis: readonly string[];
  /** A policy in YAML or JSON; who did what, by default. Events are in `log/audit.log` of the run. */
  readonly auditPolicy?: string;
  /** Added to the API server's flags as they are. */
  readonly apiServerFlags?: readonly string[];
}

/** A program of the cluster: its name is that of its log. */
export interface Component {
  readonly name: string;
  readonly program: string;
  readonly flags: readonly string[];
}

function apiServerUrl(nodeAddress: string): string {
  return `https://${nodeAddress}:6443`;
}

/** Files below `pki/` and a kubeconfig for each component; returns the authority for further ones. */
export function writeIdentities(id: string, nodeAddress: string): CertificateAuthority {
  const authority = new CertificateAuthority(join(runDirectory(id), 'pki'));
  const server = apiServerUrl(nodeAddress);
  authority.key('service-accounts');
  authority.issue('apiserver', '/CN=kube-apiserver', [
    'DNS:localhost',
    ...['kubernetes', 'kubernetes.default', 'kubernetes.default.svc', 'kubernetes.default.svc.cluster.local'].map(
      (name) => `DNS:${name}`,
    ),
    ...['127.0.0.1', API_SERVICE, nodeAddress].map((address) => `IP:${address}`),
  ]);
  const clients: Readonly<Record<string, string>> = {
    admin: '/O=system:masters/CN=admin',
    kubelet: `/O=system:nodes/CN=system:node:${NODE_NAME}`,
    'kube-controller-manager': '/CN=system:kube-controller-manager',
    'kube-scheduler': '/CN=system:kube-scheduler',
    'kube-proxy': '/CN=system:kube-proxy',
  };
  for (const [name, subject] of Object.entries(clients)) {
    authority.issue(name, subject, name === 'kubelet' ? [`DNS:${NODE_NAME}`, `IP:${nodeAddress}`] : []);
    writeFileSync(kubeconfigFor(id, name), authority.kubeconfig(name, server), { mode: 0o600 });
  }
  return authority;
}

export function kubeconfigFor(id: string, name: string): string {
  return name === 'admin' ? kubeconfigOf(id) : join(runDirectory(id), `${name}.kubeconfig`);
}

export function etcd(id: string): Component {
  return {
    name: 'etcd',
    program: binary('etcd'),
    flags: [
      '--name=test',
      `--data-dir=${join(runDirectory(id), 'etcd')}`,
      '--unsafe-no-fsync',
      `--listen-client-urls=${ETCD}`,
      `--advertise-client-urls=${ETCD}`,
      `--listen-peer-urls=${ETCD_PEER}`,
      `--initial-advertise-peer-urls=${ETCD_PEER}`,
      `--initial-cluster=test=${ETCD_PEER}`,
    ],
  };
}

export function apiServer(id: string, nodeAddress: string, options: ControlPlaneOptions): Component {
  const pki = (file: string) => join(runDirectory(id), 'pki', file);
  const policy = join(runDirectory(id), 'audit-policy.yaml');
  mkdirSync(logDirectory(id), { recursive: true });
  writeFileSync(policy, options.auditPolicy ?? AUDIT_POLICY);
  const gates = Object.entries(options.featureGates).map(([gate, on]) => `${gate}=${on}`);
  return {
    name: 'kube-apiserver',
    program: binary('kube-apiserver'),
    flags: [
      `--etcd-servers=${ETCD}`,
      '--secure-port=6443',
      `--advertise-address=${nodeAddress}`,
      `--service-cluster-ip-range=${SERVICE_RANGE}`,
      `--tls-cert-file=${pki('apiserver.crt')}`,
      `--tls-private-key-file=${pki('apiserver.key')}`,
      `--client-ca-file=${pki('ca.crt')}`,
      `--kubelet-client-certificate=${pki('admin.crt')}`,
      `--kubelet-client-key=${pki('admin.key')}`,
      `--kubelet-certificate-authority=${pki('ca.crt')}`,
      '--kubelet-preferred-address-types=InternalIP',
      '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
      `--service-account-key-file=${pki('service-accounts.key')}`,
      `--service-account-signing-key-file=${pki('service-accounts.key')}`,
      '--authorization-mode=Node,RBAC',
      '--enable-admission-plugins=NodeRestriction',
      '--allow-privileged=true',
      '--shutdown-delay-duration=0',
      `--audit-policy-file=${policy}`,
      `--audit-log-path=${join(logDirectory(id), 'audit.log')}`,
      ...(gates.length > 0 ? [`--feature-gates=${gates}`] : []),
      ...(options.servedApis.length > 0 ? [`--runtime-config=${options.servedApis.map((api) => `${api}=true`)}`] : []),
      ...(options.apiServerFlags ?? []),
    ],
  };
}

export function controllerManager(id: string): Component {
  const pki = (file: string) => join(runDirectory(id), 'pki', file);
  return {
    name: 'kube-controller-manager',
    program: binary('kube-controller-manager'),
    flags: [
      `--kubeconfig=${kubeconfigFor(id, 'kube-controller-manager')}`,
      '--leader-elect=false',
      `--service-account-private-key-file=${pki('service-accounts.key')}`,
      `--root-ca-file=${pki('ca.crt')}`,
      '--use-service-account-credentials',
      `--cluster-signing-cert-file=${pki('ca.crt')}`,
      `--cluster-signing-key-file=${pki('ca.key')}`,
    ],
  };
}

export function scheduler(id: string): Component {
  return {
    name: 'kube-scheduler',
    program: binary('kube-scheduler'),
    flags: [`--kubeconfig=${kubeconfigFor(id, 'kube-scheduler')}`, '--leader-elect=false'],
  };
}
