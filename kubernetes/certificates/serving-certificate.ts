import { X509Certificate } from 'node:crypto';
import type { KubeConfig } from '@kubernetes/client-node';
import type { Logger } from 'pino';
import { watchCertificateDirectory } from './certificate-directory.ts';
import { CertificateKeeper, type PublishedBundle } from './certificate-keeper.ts';
import { watchCertificateSecret } from './certificate-secret.ts';
import { bundleOf, parseState } from './certificate-state.ts';
import { type KeyPair, serviceNames } from './key-pairs.ts';

/** Nothing about certificates is urgent to the second, save what the watches tell at once. */
const LOOK_MILLIS = 10_000;

/** Where those who call us find the authorities to trust. */
export interface BundlePublisher extends PublishedBundle {
  /** Puts the bundle wherever another one is. */
  publish(bundle: string): Promise<void>;
  stop(): void;
}

export interface PublisherOptions {
  /**
   * The bundle as it ought to be, from the API server rather than a local copy that may be behind: a replica that has
   * not heard of a new authority must not take it out again.
   */
  wanted(): Promise<string | undefined>;
  /** To be called when what is published changed. */
  onChange(): void;
}

export interface ServingCertificateOptions {
  readonly kubeConfig: KubeConfig;
  readonly log: Logger;
  /** Where the Secret and the Service are. */
  readonly namespace: string;
  /** Names this replica as field manager. */
  readonly podName: string;
  /** The Service whose names the certificate is for. */
  readonly service: string;
  /** The Secret that the replicas share. */
  readonly secret: string;
  /** How long everybody is given to notice a change before the next step of a roll of the authority. */
  readonly settleMillis: number;
  /** Where cert-manager's files are mounted; undefined: our own authority. */
  readonly directory?: string | undefined;
  /** Opens what tells callers of our own authority. */
  openPublisher(options: PublisherOptions): BundlePublisher;
  /** To be shown from now on. */
  onLeaf(leaf: KeyPair): void;
}

export interface ServingCertificate {
  /** In milliseconds since 1970; undefined until there is one. */
  leafExpiry(): number | undefined;
  /** Undefined where the authority is not ours. */
  authorityExpiry(): number | undefined;
  stop(): void;
}

/** Keeps a Service's certificate current: from our own authority, or from the directory where cert-manager puts it. */
export function openServingCertificate(options: ServingCertificateOptions): ServingCertificate {
  const { directory, log } = options;
  let leafExpiry: number | undefined;
  const onLeaf = (leaf: KeyPair): void => {
    leafExpiry = expiryOf(leaf.certificate);
    log.info({ until: new Date(leafExpiry).toISOString() }, 'serving certificate');
    options.onLeaf(leaf);
  };
  const source =
    directory === undefined
      ? ownAuthority({ ...options, onLeaf })
      : { ...watchCertificateDirectory({ directory, log, onLeaf }), authorityExpiry: () => undefined };
  return { ...source, leafExpiry: () => leafExpiry };
}

function ownAuthority(options: ServingCertificateOptions): Omit<ServingCertificate, 'leafExpiry'> {
  const { kubeConfig, namespace, podName, settleMillis, log, onLeaf } = options;
  const onChange = (): void => look();
  const store = watchCertificateSecret({ kubeConfig, namespace, name: options.secret, podName, log, onChange });
  const published = options.openPublisher({
    wanted: async () => bundleOf(parseState((await store.read()).data)),
    onChange,
  });
  const keeper = new CertificateKeeper({
    store,
    published,
    dnsNames: serviceNames(options.service, namespace),
    settleMillis,
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
  const timer = setInterval(look, Math.min(LOOK_MILLIS, Math.max(settleMillis / 4, 250)));
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
