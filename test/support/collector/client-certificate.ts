import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { ExtendedKeyUsage, ExtendedKeyUsageExtension, X509Certificate, X509CertificateGenerator } from '@peculiar/x509';
import type { KeyPair } from '../../../kubernetes/certificates/key-pairs.ts';

const SIGNATURE = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const HOUR_MILLIS = 3_600_000;

export interface Holder {
  readonly user: string;
  readonly groups?: readonly string[];
  readonly usage?: 'client' | 'server';
  /** It ended so long ago. */
  readonly endedAgo?: number;
}

/** As clusters make them for people: the common name is the user, organizations are groups. */
export async function clientCertificate(
  authority: KeyPair,
  { user, groups = [], usage = 'client', endedAgo }: Holder,
): Promise<KeyPair> {
  const keys = await webcrypto.subtle.generateKey(SIGNATURE, true, ['sign', 'verify']);
  const { subject: issuer } = new X509Certificate(authority.certificate);
  const name = [...groups.map((group) => ({ O: [group] })), ...(user === '' ? [] : [{ CN: [user] }])];
  const end = Date.now() + (endedAgo === undefined ? HOUR_MILLIS : -endedAgo);
  const certificate = await X509CertificateGenerator.create({
    serialNumber: Buffer.from(webcrypto.getRandomValues(new Uint8Array(8))).toString('hex'),
    subject: name,
    issuer,
    notBefore: new Date(end - 2 * HOUR_MILLIS),
    notAfter: new Date(end),
    publicKey: keys.publicKey,
    signingKey: await importKey(authority.privateKey),
    signingAlgorithm: SIGNATURE,
    extensions: [
      new ExtendedKeyUsageExtension([usage === 'client' ? ExtendedKeyUsage.clientAuth : ExtendedKeyUsage.serverAuth]),
    ],
  });
  return { certificate: certificate.toString('pem'), privateKey: await exportKey(keys.privateKey) };
}

async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
  const bytes = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key)).toString('base64');
  return `-----BEGIN PRIVATE KEY-----\n${bytes.replace(/.{64}/g, '$&\n')}\n-----END PRIVATE KEY-----\n`;
}

function importKey(pem: string): Promise<webcrypto.CryptoKey> {
  const bytes = Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64');
  return webcrypto.subtle.importKey('pkcs8', bytes, SIGNATURE, true, ['sign']);
}
