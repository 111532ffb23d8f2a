import { X509Certificate } from 'node:crypto';
import type { KubeConfig } from '@kubernetes/client-node';
import type { Logger } from 'pino';
import { watchCaBundle } from './ca-bundle.ts';
import { watchCertificateDirectory } from './certificate-directory.ts';
import { CertificateKeeper } from './certificate-keeper.ts';
import { watchCertificateSecret } from './certificate-secret.ts';
import { bundleOf, parseState } from './certificate-state.ts';
import { type KeyPair, serviceNames } from './certificates.ts';
import type { WebhookConfig } from './config.ts';

/** Nothing about certificates is urgent to the second, save what the watches tell at once. */
const LOOK_MILLIS = 10_000;

export interface CertificateSourceOptions {
  readonly kubeConfig: KubeConfig;
  readonly config: WebhookConfig;
  readonly log: Logger;
  /** To be shown from now on. */
  onLeaf(leaf: KeyPair): void;
}

export interface CertificateSource {
  /** In milliseconds since 1970; undefined until there is one. */
  leafExpiry(): number | undefined;
  /** Undefined where the authority is not ours. */
  authorityExpiry(): number | undefined;
  stop(): void;
}

/** Serving certificates from our own authority, or from the directory where cert-manager puts them. */
export function openCertificateSource(options: CertificateSourceOptions): CertificateSource {
  const { config, log } = options;
  let leafExpiry: number | undefined;
  const onLeaf = (leaf: KeyPair): void => {
    leafExpiry = expiryOf(leaf.certificate);
    log.info({ until: new Date(leafExpiry).toISOString() }, 'serving certificate');
    options.onLeaf(leaf);
  };
  const source =
    config.certificateDirectory === undefined
      ? ownAuthority({ ...options, onLeaf })
      : {
          ...watchCertificateDirectory({ directory: config.certificateDirectory, log, onLeaf }),
          authorityExpiry: () => undefined,
        };
  return { ...source, leafExpiry: () => leafExpiry };
}

function ownAuthority({
  kubeConfig,
  config,
  log,
  onLeaf,
}: CertificateSourceOptions): Omit<CertificateSource, 'leafExpiry'> {
  const store = watchCertificateSecret({
    kubeConfig,
    namespace: config.namespace,
    podName: config.podName,
    log,
    onChange: () => look(),
  });
  const published = watchCaBundle({
    kubeConfig,
    log,
    wanted: async () => bundleOf(parseState((await store.read()).data)),
    onChange: () => look(),
  });
  const keeper = new CertificateKeeper({
    store,
    published,
    dnsNames: serviceNames(config.serviceName, config.namespace),
    settleMillis: config.settleMillis,
    log,
    now: () => new Date(),
    onLeaf,
  });
  const look = (): void => {
    // Not within the call of the watch: its local copy is complete only afterwards.
    setImmediate(() => void lookNow());
  };
  const lookNow = async (): Promise<void> => {
    await keeper.look();
    const state = keeper.state();
    if (state !== undefined) await published.publish(bundleOf(state));
  };
  const timer = setInterval(look, Math.min(LOOK_MILLIS, Math.max(config.settleMillis / 4, 250)));
  return {
    authorityExpiry: () => {
      const state = keeper.state();
      return state && expiryOf(state.authority.certificate);
    },
    stop: () => {
      clearInterval(timer);
      store.stop();
      published.stop();
    },
  };
}

function expiryOf(certificate: string): number {
  return new X509Certificate(certificate).validToDate.getTime();
}
