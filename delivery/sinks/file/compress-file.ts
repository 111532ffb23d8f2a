import { randomBytes } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import type { Compression } from '../../connection/compression.ts';

export type FileCompression = Exclude<Compression, 'none'>;

/** What a compressed file's name ends with. */
export const SUFFIXES = { gzip: '.gz', zstd: '.zst' } as const satisfies Readonly<Record<FileCompression, string>>;

const UNFINISHED = '.part';

/** Whether the name is that of a file that `compressFile` had not finished. */
export function isUnfinished(name: string): boolean {
  return name.endsWith(UNFINISHED);
}

/**
 * Writes `source` to `target`, compressed and for its owner alone. `target` is there once it is whole and on disk, never
 * before; `source` stays. Takes a few MiB of memory however large the file is.
 */
export async function compressFile(
  source: string,
  target: string,
  compression: FileCompression,
  signal: AbortSignal,
): Promise<void> {
  const { createGzip, createZstdCompress } = await import('node:zlib');
  // Two processes may compress the same file: each renames only what it has written itself.
  const unfinished = `${target}.${randomBytes(4).toString('hex')}${UNFINISHED}`;
  try {
    const [from, into] = [await open(source, 'r'), await open(unfinished, 'wx', 0o600)];
    await pipeline(
      from.createReadStream(),
      compression === 'gzip' ? createGzip() : createZstdCompress(),
      into.createWriteStream({ flush: true }),
      { signal },
    );
    await rename(unfinished, target);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
}
