import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { binary } from './binaries.ts';
import { type Component, kubeconfigFor, NODE_NAME, POD_RANGE } from './control-plane.ts';
import { runDirectory } from './run-directory.ts';

/** Within the cluster's own /run: socket paths must be short. unix(7) allows 108 bytes. */
export const CONTAINERD_SOCKET = '/run/containerd.sock';
/** What holds a pod's namespaces; imported before the kubelet starts. */
export const SANDBOX_IMAGE = 'localhost/busybox:1';
const CNI_PROGRAMS = '/usr/lib/cni';

/** https://github.com/containerd/containerd/blob/release/1.6/docs/cri/config.md */
export function containerd(id: string, snapshotter: 'overlayfs' | 'native'): Component {
  const directory = runDirectory(id);
  const networks = join(directory, 'cni');
  mkdirSync(networks, { recursive: true });
  const bridge = {
    type: 'bridge',
    bridge: 'pods',
    isGateway: true,
    ipMasq: true,
    hairpinMode: true,
    ipam: {
      type: 'host-local',
      dataDir: join(directory, 'pod-addresses'),
      ranges: [[{ subnet: POD_RANGE }]],
      routes: [{ dst: '0.0.0.0/0' }],
    },
  };
  const plugins = [bridge, { type: 'portmap', capabilities: { portMappings: true } }];
  writeFileSync(join(networks, '10-pods.conflist'), JSON.stringify({ cniVersion: '1.0.0', name: 'pods', plugins }));
  const configuration = join(directory, 'containerd.toml');
  // Scores cannot be lowered without CAP_SYS_RESOURCE. AppArmor's profiles are the machine's, not ours to load.
  writeFileSync(
    configuration,
    `version = 2
root = "${join(directory, 'containerd')}"
state = "/run/containerd-state"
[grpc]
  address = "${CONTAINERD_SOCKET}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${SANDBOX_IMAGE}"
  restrict_oom_score_adj = true
  disable_apparmor = true
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "${snapshotter}"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "${CNI_PROGRAMS}"
    conf_dir = "${networks}"
`,
  );
  if (!existsSync(CNI_PROGRAMS)) throw new Error(`${CNI_PROGRAMS} is missing; run tools/install-packages.sh cluster`);
  return { name: 'containerd', program: 'containerd', flags: ['--config', configuration] };
}

export function kubelet(id: string, nodeAddress: string): Component {
  const directory = runDirectory(id);
  const pki = (file: string) => join(directory, 'pki', file);
  const configuration = join(directory, 'kubelet.json');
  writeFileSync(
    configuration,
    JSON.stringify({
      apiVersion: 'kubelet.config.k8s.io/v1beta1',
      kind: 'KubeletConfiguration',
      failCgroupV1: false,
      cgroupDriver: 'cgroupfs',
      // Two kubelets below one group would end each other's pods.
      cgroupRoot: `/dbaudit-${id}`,
      failSwapOn: false,
      containerRuntimeEndpoint: `unix://${CONTAINERD_SOCKET}`,
      authentication: {
        anonymous: { enabled: false },
        webhook: { enabled: true },
        x509: { clientCAFile: pki('ca.crt') },
      },
      authorization: { mode: 'Webhook' },
      tlsCertFile: pki('kubelet.crt'),
      tlsPrivateKeyFile: pki('kubelet.key'),
      clusterDomain: 'cluster.local',
      clusterDNS: [nodeAddress],
      // The machine's own search domains and name servers do not exist here.
      resolvConf: '',
      podLogsDir: join(directory, 'pod-logs'),
      volumePluginDir: join(directory, 'kubelet/plugins-exec'),
      // Images are never pulled, so none may be collected.
      evictionHard: { 'memory.available': '100Mi', 'nodefs.available': '500Mi', 'imagefs.available': '500Mi' },
      imageGCHighThresholdPercent: 100,
      imageGCLowThresholdPercent: 99,
      maxPods: 250,
      nodeStatusUpdateFrequency: '5s',
      syncFrequency: '10s',
      registryPullQPS: 0,
      eventRecordQPS: 0,
      kubeAPIQPS: 100,
      kubeAPIBurst: 200,
    }),
  );
  return {
    name: 'kubelet',
    program: binary('kubelet'),
    flags: [
      `--config=${configuration}`,
      `--kubeconfig=${kubeconfigFor(id, 'kubelet')}`,
      `--root-dir=${join(directory, 'kubelet')}`,
      `--cert-dir=${join(directory, 'kubelet/pki')}`,
      `--hostname-override=${NODE_NAME}`,
      `--node-ip=${nodeAddress}`,
    ],
  };
}

export function proxy(id: string): Component {
  const configuration = join(runDirectory(id), 'kube-proxy.json');
  writeFileSync(
    configuration,
    JSON.stringify({
      apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
      kind: 'KubeProxyConfiguration',
      mode: 'iptables',
      clientConnection: { kubeconfig: kubeconfigFor(id, 'kube-proxy') },
      clusterCIDR: POD_RANGE,
      hostnameOverride: NODE_NAME,
      // The machine's own limit stays.
      conntrack: { maxPerCore: 0 },
    }),
  );
  return { name: 'kube-proxy', program: binary('kube-proxy'), flags: [`--config=${configuration}`] };
}

/** A process of the node, which the kubelet names to pods as their name server. It knows the cluster's names alone. */
export function dns(id: string, nodeAddress: string): Component {
  const configuration = join(runDirectory(id), 'Corefile');
  writeFileSync(
    configuration,
    `. {
  bind ${nodeAddress}
  errors
  cache 5
  kubernetes cluster.local in-addr.arpa {
    kubeconfig ${kubeconfigFor(id, 'admin')}
  }
}
`,
  );
  return { name: 'coredns', program: binary('coredns'), flags: ['-conf', configuration] };
}
