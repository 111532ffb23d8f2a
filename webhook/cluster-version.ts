import { type KubeConfig, VersionApi } from '@kubernetes/client-node';
import type { Logger } from 'pino';
import { messageOf } from '../kubernetes/informer.ts';

const RETRY_MILLIS = 2_000;
/** A control plane may be upgraded while we run. */
const REFRESH_MILLIS = 600_000;
/** Containers with `restartPolicy: Always` in `initContainers` are on by default from here. */
const NATIVE_SIDECARS_MINOR = 29;

export interface ClusterVersion {
  /** Undefined until the API server was reached. */
  nativeSidecars(): boolean | undefined;
  stop(): void;
}

/** What the API server's version allows; asked again now and then. */
export function watchClusterVersion(kubeConfig: KubeConfig, log: Logger): ClusterVersion {
  const api = kubeConfig.makeApiClient(VersionApi);
  let native: boolean | undefined;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  const ask = async (): Promise<void> => {
    try {
      const { major, minor, gitVersion } = await api.getCode();
      const found = hasNativeSidecars(major, minor);
      if (found !== native) log.info({ version: gitVersion, nativeSidecars: found }, 'API server');
      native = found;
    } catch (error) {
      log.warn({ error: messageOf(error) }, 'the version of the API server cannot be read; trying again');
    }
    if (!stopped) timer = setTimeout(() => void ask(), native === undefined ? RETRY_MILLIS : REFRESH_MILLIS);
  };
  void ask();
  return {
    nativeSidecars: () => native,
    stop: () => {
      stopped = true;
      clearTimeout(timer);
    },
  };
}

/** Managed clusters write minor versions such as `29+`. */
export function hasNativeSidecars(major: string, minor: string): boolean {
  return Number.parseInt(major, 10) > 1 || Number.parseInt(minor, 10) >= NATIVE_SIDECARS_MINOR;
}
