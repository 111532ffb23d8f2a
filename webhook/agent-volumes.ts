import {
  AGENT_CONFIG_DIRECTORY,
  AGENT_CONFIG_MAP,
  CONFIG_VOLUME,
  OWN_VOLUMES,
  SECRET_VOLUME,
  SINK_SECRET,
  SINK_SECRET_DIRECTORY,
  SINK_TOKEN_AUDIENCE,
  SINK_TOKEN_DIRECTORY,
  SINK_TOKEN_FILE,
  SPOOL_DIRECTORY,
  SPOOL_VOLUME,
  TOKEN_VOLUME,
} from '../contract/labels.ts';

/**
 * Where the API server mounts the application's token into every container that has nothing there. The agent shall not
 * have it, so our volume is there.
 */
const SERVICE_ACCOUNT_DIRECTORY = '/var/run/secrets/kubernetes.io/serviceaccount';
/** For the agent's user alone; the kubelet lets a pod's fsGroup read it too. No other container has it mounted. */
const SECRET_MODE = 0o400;
/** The kubelet renews a token at four fifths of its life; ten minutes is the least that it takes. */
const TOKEN_SECONDS = 3_600;

/** In every agent, in this order. The kubelet makes the place of one volume within another. */
export const AGENT_MOUNTS = [
  { name: CONFIG_VOLUME, mountPath: AGENT_CONFIG_DIRECTORY, readOnly: true },
  { name: CONFIG_VOLUME, mountPath: SERVICE_ACCOUNT_DIRECTORY, readOnly: true },
  { name: SECRET_VOLUME, mountPath: SINK_SECRET_DIRECTORY, readOnly: true },
  { name: SPOOL_VOLUME, mountPath: SPOOL_DIRECTORY },
] as const;

/** With the setting `sink-token: projected`. */
export const TOKEN_MOUNT = { name: TOKEN_VOLUME, mountPath: SINK_TOKEN_DIRECTORY, readOnly: true } as const;

/**
 * In every injected pod. ConfigMap and Secret are optional: without them the agent runs on its defaults, and the pod
 * starts; once they are there, running agents have them within a minute or so. `spoolSize` is a quantity, or what stands
 * for one in a policy.
 */
export function agentVolumes<Size>(spoolSize: Size) {
  return [
    { name: CONFIG_VOLUME, configMap: { name: AGENT_CONFIG_MAP, optional: true } },
    { name: SECRET_VOLUME, secret: { secretName: SINK_SECRET, optional: true, defaultMode: SECRET_MODE } },
    { name: SPOOL_VOLUME, emptyDir: { sizeLimit: spoolSize } },
  ] as const;
}

export function tokenVolume() {
  const serviceAccountToken = {
    audience: SINK_TOKEN_AUDIENCE,
    expirationSeconds: TOKEN_SECONDS,
    path: SINK_TOKEN_FILE,
  };
  return { name: TOKEN_VOLUME, projected: { defaultMode: SECRET_MODE, sources: [{ serviceAccountToken }] } } as const;
}

export function isOwnVolume({ name }: { readonly name: string }): boolean {
  return OWN_VOLUMES.some((own) => own === name);
}
