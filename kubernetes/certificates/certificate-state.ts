import { createPrivateKey, X509Certificate } from 'node:crypto';
import * as z from 'zod';
import { isLeafOf, type KeyPair, makeAuthority, makeLeaf, renewalTime } from './key-pairs.ts';

/** On the Secret: `leaf` or `ca` asks for renewal at once. It is removed when that is begun. */
export const ROTATE_ANNOTATION = 'dbaudit.io/rotate';

/** All that the replicas share, in one Secret. */
export interface CertificateState {
  /** Signs. */
  readonly authority: KeyPair;
  /** Published, and signs once everybody who calls us knows it. */
  readonly nextAuthority?: KeyPair;
  /** Certificate of the one that signed before: published until no replica shows a leaf of it. */
  readonly previousAuthority?: string;
  readonly leaf: KeyPair;
}

/** What is to be done with the state; each is one write of the Secret. */
export type Step = 'renew-leaf' | 'stage-authority' | 'promote-authority' | 'drop-authority';

export interface Situation {
  readonly now: Date;
  readonly dnsNames: readonly string[];
  /** Value of the annotation. */
  readonly rotate: string | undefined;
  /** What this state publishes has been so for long enough that every caller and replica goes by it. */
  readonly settled: boolean;
}

/**
 * A roll of the authority: stage (both are published), promote (the new one signs), drop (the new one alone is
 * published). At every moment whatever a replica shows is trusted by what any caller goes by.
 */
export function nextStep(state: CertificateState, { now, dnsNames, rotate, settled }: Situation): Step | undefined {
  // Nobody trusts it any more, so that there is nothing to wait for.
  if (new X509Certificate(state.authority.certificate).validToDate <= now) {
    return state.nextAuthority === undefined ? 'stage-authority' : 'promote-authority';
  }
  if (rotate === 'leaf' || !isLeafOf(state.leaf, state.authority, dnsNames)) return 'renew-leaf';
  if (renewalTime(state.leaf.certificate) <= now) return 'renew-leaf';
  if (state.nextAuthority !== undefined) return settled ? 'promote-authority' : undefined;
  if (state.previousAuthority !== undefined) return settled ? 'drop-authority' : undefined;
  return rotate === 'ca' || renewalTime(state.authority.certificate) <= now ? 'stage-authority' : undefined;
}

/** A first authority and its leaf. */
export async function makeState(dnsNames: readonly string[], now: Date): Promise<CertificateState> {
  const authority = await makeAuthority(now);
  return { authority, leaf: await makeLeaf({ authority, dnsNames, now }) };
}

/** The state after a step. */
export async function takeStep(
  step: Step,
  state: CertificateState,
  { now, dnsNames }: Pick<Situation, 'now' | 'dnsNames'>,
): Promise<CertificateState> {
  const { authority, nextAuthority, leaf } = state;
  switch (step) {
    case 'renew-leaf':
      return { ...state, leaf: await makeLeaf({ authority, dnsNames, now }) };
    case 'stage-authority':
      return { ...state, nextAuthority: await makeAuthority(now) };
    case 'promote-authority':
      if (nextAuthority === undefined) return state;
      return {
        authority: nextAuthority,
        previousAuthority: authority.certificate,
        leaf: await makeLeaf({ authority: nextAuthority, dnsNames, now }),
      };
    case 'drop-authority':
      return { authority, leaf };
  }
}

/** What callers are to trust, as PEM; always in the same order, so that a promotion changes nothing in it. */
export function bundleOf({ authority, nextAuthority, previousAuthority }: CertificateState): string {
  const certificates = [authority.certificate, nextAuthority?.certificate, previousAuthority];
  return certificates
    .filter((certificate) => certificate !== undefined)
    .sort()
    .join('');
}

const pem = z.string().transform((text) => Buffer.from(text, 'base64').toString('utf8'));
const dataSchema = z.looseObject({
  'ca.crt': pem,
  'ca.key': pem,
  'next-ca.crt': pem.optional(),
  'next-ca.key': pem.optional(),
  'previous-ca.crt': pem.optional(),
  'tls.crt': pem,
  'tls.key': pem,
});

/**
 * `data` of the Secret to the state.
 * @throws ZodError, Error where something is missing, does not parse, or does not belong together
 */
export function parseState(data: unknown): CertificateState {
  const fields = dataSchema.parse(data);
  const nextCertificate = fields['next-ca.crt'];
  const nextKey = fields['next-ca.key'];
  const previousAuthority = fields['previous-ca.crt'];
  if (previousAuthority !== undefined) new X509Certificate(previousAuthority);
  return {
    authority: checkedPair('ca', fields['ca.crt'], fields['ca.key']),
    leaf: checkedPair('tls', fields['tls.crt'], fields['tls.key']),
    ...(nextCertificate !== undefined && nextKey !== undefined
      ? { nextAuthority: checkedPair('next-ca', nextCertificate, nextKey) }
      : {}),
    ...(previousAuthority !== undefined ? { previousAuthority } : {}),
  };
}

function checkedPair(name: string, certificate: string, privateKey: string): KeyPair {
  if (!new X509Certificate(certificate).checkPrivateKey(createPrivateKey(privateKey))) {
    throw new Error(`${name}.key is not the key of ${name}.crt`);
  }
  return { certificate, privateKey };
}

/** The state as `data` of the Secret. */
export function stateData({
  authority,
  nextAuthority,
  previousAuthority,
  leaf,
}: CertificateState): Record<string, string> {
  const fields = {
    'ca.crt': authority.certificate,
    'ca.key': authority.privateKey,
    'next-ca.crt': nextAuthority?.certificate,
    'next-ca.key': nextAuthority?.privateKey,
    'previous-ca.crt': previousAuthority,
    'tls.crt': leaf.certificate,
    'tls.key': leaf.privateKey,
  };
  return Object.fromEntries(
    Object.entries(fields).flatMap(([key, text]) =>
      text === undefined ? [] : [[key, Buffer.from(text).toString('base64')]],
    ),
  );
}
