import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import * as z from 'zod';
import { SINK_SECRET } from '../../contract/labels.ts';
import { UserError } from '../../contract/user-error.ts';
import { labels } from '../../manifests/metadata.ts';
import type { InstallOptions } from '../../manifests/options.ts';
import type { Cluster, KubernetesObject } from '../kubernetes/cluster.ts';

/** https://kubernetes.io/docs/concepts/configuration/secret/#restriction-names-data */
const KEY = /^[-._a-zA-Z0-9]{1,253}$/;
/** The API server's bound for a whole Secret. */
const MOST_BYTES = 1_048_576;

const dataSchema = z
  .record(z.string(), z.string())
  .nullish()
  .transform((data) => data ?? {});

/** By key, in base64. */
export type SecretData = Readonly<Record<string, string>>;

/**
 * The files that `FILE` or `KEY=FILE` name; `KEY=-` is standard input. Their content goes into no message.
 * @throws UserError DBA1001 where a key is not valid, DBA1002 where a file cannot be read
 */
export async function readSecretFiles(words: readonly string[], stdin: Readable): Promise<SecretData> {
  const data: Record<string, string> = {};
  let total = 0;
  for (const word of words) {
    const at = word.indexOf('=');
    const file = word.slice(at + 1);
    const key = at === -1 ? basename(file) : word.slice(0, at);
    if (!KEY.test(key) || key === '.' || key === '..') {
      throw new UserError(
        'DBA1001',
        `--sink-secret ${word}: ${JSON.stringify(key)} cannot be a key of a Secret`,
        'KEY=FILE gives it another: letters, digits, `-`, `_` and `.`.',
      );
    }
    const content = await readContent(file, stdin);
    total += content.length;
    if (total > MOST_BYTES) {
      throw new UserError('DBA1001', `--sink-secret: ${file} makes it more than 1 MiB`, 'A Secret takes no more.');
    }
    data[key] = content.toString('base64');
  }
  return data;
}

/** The Secret with these files and those that it has already. */
export async function sinkSecret(
  cluster: Cluster,
  options: InstallOptions,
  data: SecretData,
): Promise<KubernetesObject> {
  const { namespace } = options;
  const present = await cluster.find({ apiVersion: 'v1', kind: 'Secret' }, SINK_SECRET, namespace);
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: SINK_SECRET, namespace, labels: labels(options, 'configuration') },
    data: { ...dataSchema.parse(present?.data), ...data },
  };
}

async function readContent(file: string, stdin: Readable): Promise<Buffer> {
  try {
    return file === '-' ? await buffer(stdin) : await readFile(file);
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw new UserError('DBA1002', `--sink-secret: ${file} cannot be read (${reason})`, 'Check the path.');
  }
}
