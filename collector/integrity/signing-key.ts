import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';
import { canonicalJson } from './canonical.ts';

const KEY_ID_DIGITS = 16;

/** Signs what the collector states of its own store; whoever has the public key can tell. */
export interface SigningKey {
  readonly id: string;
  /** PEM. */
  readonly publicKey: string;
  /** base64 of the ed25519 signature over the statement's canonical JSON. */
  sign(statement: object): string;
}

/** @throws Error naming where it is from, where it is no ed25519 private key in PEM */
export function readSigningKey(pem: string, from: string): SigningKey {
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch {
    throw new Error(`${from} holds no private key in PEM; \`openssl genpkey -algorithm ed25519\` makes one`);
  }
  if (key.asymmetricKeyType !== 'ed25519')
    throw new Error(`${from} holds a key of type ${key.asymmetricKeyType}, not ed25519`);
  return signingKey(key);
}

/** PEM of a fresh private key. */
export function makeSigningKey(): string {
  return generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

function signingKey(key: KeyObject): SigningKey {
  const publicKey = createPublicKey(key);
  return {
    id: keyId(publicKey),
    publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    sign: (statement) => sign(null, Buffer.from(canonicalJson(statement)), key).toString('base64'),
  };
}

/** Keys that signatures are checked with, by their id. */
export class PublicKeys {
  readonly #keys: ReadonlyMap<string, KeyObject>;

  /** In PEM. */
  constructor(pems: readonly string[]) {
    this.#keys = new Map(pems.map(createPublicKey).map((key) => [keyId(key), key]));
  }

  /** Whether the statement, its signature left out, is the key's. */
  isGenuine<Statement extends { readonly keyId: string; readonly signature: string }>(statement: Statement): boolean {
    const { signature, ...signed } = statement;
    const key = this.#keys.get(statement.keyId);
    if (key === undefined) return false;
    return verify(null, Buffer.from(canonicalJson(signed)), key, Buffer.from(signature, 'base64'));
  }
}

/** The first digits of the key's hash. */
function keyId(key: KeyObject): string {
  return createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest('hex')
    .slice(0, KEY_ID_DIGITS);
}
