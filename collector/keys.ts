import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ApiException, CoreV1Api, type KubeConfig, PatchStrategy, setHeaderOptions } from '@kubernetes/client-node';
import { COLLECTOR_KEYS_SECRET } from '../contract/collector-objects.ts';
import { makeSigningKey, readSigningKey, type SigningKey } from './integrity/signing-key.ts';

const ENCRYPTION_KEY = 'encryption.key';
const SIGNING_KEY = 'signing.pem';
const KEY_BYTES = 32;
const NOT_FOUND = 404;
const CONFLICT = 409;
const FILE_MODE = 0o600;

/** What the store is encrypted and its chains are signed with: made once, and lost with it is all that is kept. */
export interface CollectorKeys {
  /** 32 bytes in base64. */
  readonly encryptionKey: string;
  readonly signingKey: SigningKey;
}

/** In a cluster they are a Secret: whoever has the volume alone can neither read nor forge. */
export async function keysOfSecret(kubeConfig: KubeConfig, namespace: string): Promise<CollectorKeys> {
  const core = kubeConfig.makeApiClient(CoreV1Api);
  const name = COLLECTOR_KEYS_SECRET;
  const known = await core.readNamespacedSecret({ name, namespace }).catch((error: unknown) => {
    if (error instanceof ApiException && error.code === NOT_FOUND) return undefined;
    throw error;
  });
  if (known?.data?.[ENCRYPTION_KEY] !== undefined) return keysOf((key) => decoded(known.data?.[key], key));
  const made = freshKeys();
  const data = Object.fromEntries(
    Object.entries(made).map(([key, text]) => [key, Buffer.from(text).toString('base64')]),
  );
  // Applied without force: of two collectors that start at once, one makes it and the other reads it.
  await core
    .patchNamespacedSecret(
      {
        name,
        namespace,
        body: { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace }, type: 'Opaque', data },
        fieldManager: `dbaudit-collector-${randomBytes(4).toString('hex')}`,
      },
      setHeaderOptions('Content-Type', PatchStrategy.ServerSideApply),
    )
    .catch((error: unknown) => {
      if (!(error instanceof ApiException && error.code === CONFLICT)) throw error;
    });
  const written = await core.readNamespacedSecret({ name, namespace });
  return keysOf((key) => decoded(written.data?.[key], key));
}

/** Outside of a cluster they are files beside the store, for its owner alone. */
export function keysOfDirectory(directory: string): CollectorKeys {
  for (const [name, text] of Object.entries(freshKeys())) {
    const file = join(directory, name);
    if (!existsSync(file)) writeFileSync(file, text, { mode: FILE_MODE, flag: 'wx' });
  }
  return keysOf((key) => readFileSync(join(directory, key), 'utf8'));
}

function freshKeys(): Record<string, string> {
  return { [ENCRYPTION_KEY]: randomBytes(KEY_BYTES).toString('base64'), [SIGNING_KEY]: makeSigningKey() };
}

function keysOf(read: (key: string) => string): CollectorKeys {
  return { encryptionKey: read(ENCRYPTION_KEY), signingKey: readSigningKey(read(SIGNING_KEY), SIGNING_KEY) };
}

function decoded(text: string | undefined, key: string): string {
  if (text === undefined) throw new Error(`the Secret ${COLLECTOR_KEYS_SECRET} has no key ${key}`);
  return Buffer.from(text, 'base64').toString();
}
