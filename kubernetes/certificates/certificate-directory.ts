import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { messageOf } from '../informer.ts';
import type { KeyPair } from './key-pairs.ts';

/** The kubelet takes up to a minute to renew a mounted Secret, by swapping a link that file watches do not follow. */
const REREAD_MILLIS = 10_000;

export interface CertificateDirectoryOptions {
  readonly directory: string;
  readonly log: Logger;
  onLeaf(leaf: KeyPair): void;
}

/** Shows what cert-manager keeps in `tls.crt` and `tls.key`; a pair that does not belong together is passed over. */
export function watchCertificateDirectory({ directory, log, onLeaf }: CertificateDirectoryOptions): { stop(): void } {
  let shown = '';
  const look = async (): Promise<void> => {
    try {
      const [certificate, privateKey] = await Promise.all(
        ['tls.crt', 'tls.key'].map((file) => readFile(join(directory, file), 'utf8')),
      );
      if (certificate === undefined || privateKey === undefined || certificate === shown) return;
      if (!new X509Certificate(certificate).checkPrivateKey(createPrivateKey(privateKey))) {
        throw new Error('tls.key is not the key of tls.crt');
      }
      onLeaf({ certificate, privateKey });
      shown = certificate;
    } catch (error) {
      log.error(`certificates in ${directory}: ${messageOf(error)}`);
    }
  };
  void look();
  const timer = setInterval(() => void look(), REREAD_MILLIS);
  return { stop: () => clearInterval(timer) };
}
