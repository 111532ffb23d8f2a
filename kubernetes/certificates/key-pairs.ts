import { randomBytes, webcrypto, X509Certificate } from 'node:crypto';
import type * as x509 from '@peculiar/x509';

const DAY_MILLIS = 86_400_000;
const AUTHORITY_DAYS = 365;
const LEAF_DAYS = 30;
/** Clocks of API servers may be behind ours. */
const EARLIER_MILLIS = 3_600_000;
const KEY = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const SIGNATURE = { name: 'ECDSA', hash: 'SHA-256' } as const;

/** Both as PEM. */
export interface KeyPair {
  readonly certificate: string;
  readonly privateKey: string;
}

/** A certificate authority of our own: ECDSA P-256, one year. */
export async function makeAuthority(now: Date): Promise<KeyPair> {
  const { X509CertificateGenerator, ...extensions } = await loadX509();
  const keys = await generateKeys();
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    // Two authorities are valid during a roll; different names keep verifiers from mixing them up.
    name: `CN=dbaudit CA ${randomBytes(4).toString('hex')}`,
    ...validity(now, AUTHORITY_DAYS),
    keys,
    signingAlgorithm: SIGNATURE,
    extensions: [
      new extensions.BasicConstraintsExtension(true, 0, true),
      new extensions.KeyUsagesExtension(extensions.KeyUsageFlags.keyCertSign | extensions.KeyUsageFlags.cRLSign, true),
      await extensions.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return pairOf(certificate, keys.privateKey);
}

export interface LeafRequest {
  readonly authority: KeyPair;
  readonly dnsNames: readonly string[];
  readonly now: Date;
}

/** A serving certificate for these names: ECDSA P-256, 30 days, or until its authority ends. */
export async function makeLeaf({ authority, dnsNames, now }: LeafRequest): Promise<KeyPair> {
  const { X509CertificateGenerator, ...extensions } = await loadX509();
  const issuer = new extensions.X509Certificate(authority.certificate);
  const keys = await generateKeys();
  const { notBefore, notAfter } = validity(now, LEAF_DAYS);
  const certificate = await X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    // Not a name of the Service, which may be longer than the 64 characters that a common name takes.
    subject: 'CN=dbaudit',
    issuer: issuer.subject,
    notBefore,
    notAfter: new Date(Math.min(notAfter.getTime(), issuer.notAfter.getTime())),
    publicKey: keys.publicKey,
    signingKey: await importKey(authority.privateKey),
    signingAlgorithm: SIGNATURE,
    extensions: [
      new extensions.BasicConstraintsExtension(false, undefined, true),
      new extensions.KeyUsagesExtension(extensions.KeyUsageFlags.digitalSignature, true),
      new extensions.ExtendedKeyUsageExtension([extensions.ExtendedKeyUsage.serverAuth]),
      new extensions.SubjectAlternativeNameExtension(dnsNames.map((value) => ({ type: 'dns', value }))),
      await extensions.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
      await extensions.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return pairOf(certificate, keys.privateKey);
}

/** The names under which a Service is reached. */
export function serviceNames(service: string, namespace: string): readonly string[] {
  const full = `${service}.${namespace}.svc`;
  return [full, service, `${service}.${namespace}`, `${full}.cluster.local`];
}

/** When two thirds of its time have passed: renewal that fails has the last third to be noticed and repeated. */
export function renewalTime(certificate: string): Date {
  const { validFromDate, validToDate } = new X509Certificate(certificate);
  const life = validToDate.getTime() - validFromDate.getTime();
  return new Date(validFromDate.getTime() + (life * 2) / 3);
}

/** Whether the pair belongs together, was issued by this authority and serves all these names. */
export function isLeafOf(
  leaf: KeyPair,
  { certificate }: Pick<KeyPair, 'certificate'>,
  dnsNames: readonly string[],
): boolean {
  const own = new X509Certificate(leaf.certificate);
  const issuer = new X509Certificate(certificate);
  return own.checkIssued(issuer) && own.verify(issuer.publicKey) && dnsNames.every((name) => own.checkHost(name));
}

/** Loaded only by the replica that makes certificates, once in weeks, for the sake of memory. */
async function loadX509(): Promise<typeof x509> {
  await import('reflect-metadata'); // tsyringe, within, refuses to load without it
  return await import('@peculiar/x509');
}

function generateKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(KEY, true, ['sign', 'verify']);
}

function importKey(pem: string): Promise<webcrypto.CryptoKey> {
  const der = Buffer.from(pem.replaceAll(/-----[^-]+-----|\s/g, ''), 'base64');
  return webcrypto.subtle.importKey('pkcs8', der, KEY, false, ['sign']);
}

async function pairOf(certificate: x509.X509Certificate, key: webcrypto.CryptoKey): Promise<KeyPair> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key)).toString('base64');
  const lines = der.match(/.{1,64}/g) ?? [];
  return {
    certificate: `${certificate.toString('pem')}\n`,
    privateKey: `-----BEGIN PRIVATE KEY-----\n${lines.join('\n')}\n-----END PRIVATE KEY-----\n`,
  };
}

function validity(now: Date, days: number): { readonly notBefore: Date; readonly notAfter: Date } {
  return {
    notBefore: new Date(now.getTime() - EARLIER_MILLIS),
    notAfter: new Date(now.getTime() + days * DAY_MILLIS),
  };
}

/** 127 random bits: positive, and never the same twice. */
function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes.writeUInt8((bytes.readUInt8(0) & 0x7f) | 0x40, 0);
  return bytes.toString('hex');
}
