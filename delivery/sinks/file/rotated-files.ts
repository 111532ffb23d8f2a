import { open, readdir, rename, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Compression } from '../../connection/compression.ts';
import { systemErrorCode, wordsOf } from '../../system-error.ts';
import { compressFile, isUnfinished, SUFFIXES } from './compress-file.ts';

export interface Retention {
  /** At most so many rotated files. */
  readonly files: number;
  /** At most so many bytes in them. */
  readonly bytes: number;
  readonly compress: Compression;
}

interface RotatedFile {
  readonly name: string;
  /** `20261121T202612.345Z`, in UTC: names sort by age. */
  readonly stamp: string;
  readonly isCompressed: boolean;
  readonly bytes: number;
}

const STAMP = /^\.(\d{8}T\d{6}\.\d{3}Z)(\.gz|\.zst)?$/;

/**
 * The files that a file was rotated to, beside it: `PATH.STAMP`, compressed ones with `.gz` or `.zst` behind. Compresses them
 * one after the other in the background; a crash leaves a file plain or compressed, and whole.
 */
export class RotatedFiles {
  readonly #path: string;
  readonly #retention: Retention;
  readonly #onNotice: (message: string) => void;
  readonly #stop = new AbortController();
  #compressing: Promise<void> | undefined;

  constructor(path: string, retention: Retention, onNotice: (message: string) => void) {
    this.#path = path;
    this.#retention = retention;
    this.#onNotice = onNotice;
  }

  /** Puts a file that nobody writes any more among these; older ones go where there are too many. */
  async add(): Promise<void> {
    const newest = (await this.#list()).at(-1);
    await rename(this.#path, `${this.#path}.${stampAfter(newest?.stamp, Date.now())}`);
    await syncDirectory(this.#path);
    await this.removeOldest();
  }

  async removeOldest(): Promise<void> {
    const files = await this.#list();
    let bytes = files.reduce((sum, file) => sum + file.bytes, 0);
    let count = new Set(files.map(({ stamp }) => stamp)).size;
    for (const [index, file] of files.entries()) {
      if (count <= this.#retention.files && bytes <= this.#retention.bytes) break;
      await removeIfThere(this.#in(file.name));
      bytes -= file.bytes;
      if (files[index + 1]?.stamp !== file.stamp) count -= 1;
    }
  }

  /** Removes what a crash left half compressed. Once, before anything is compressed. */
  async removeUnfinished(): Promise<void> {
    const prefix = `${basename(this.#path)}.`;
    const names = await readdir(dirname(this.#path));
    const unfinished = names.filter((name) => name.startsWith(prefix) && isUnfinished(name));
    for (const name of unfinished) await removeIfThere(this.#in(name));
  }

  /** Compresses what is plain, unless that is being done. A failure is told; the file stays plain until the next time. */
  compress(): void {
    this.#compressing ??= this.#compressAll()
      .catch((error: unknown) => {
        if (!this.#stop.signal.aborted)
          this.#onNotice(`${this.#path}: cannot compress a rotated file: ${wordsOf(error)}`);
      })
      .finally(() => {
        this.#compressing = undefined;
      });
  }

  /** What is being compressed is left plain; the next start takes it up. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#compressing;
  }

  /** What is rotated meanwhile is taken as well. */
  async #compressAll(): Promise<void> {
    const { compress } = this.#retention;
    if (compress === 'none') return;
    for (;;) {
      const files = await this.#list();
      const plain = files.find(({ isCompressed }) => !isCompressed);
      if (plain === undefined || this.#stop.signal.aborted) return;
      const target = this.#in(`${plain.name}${SUFFIXES[compress]}`);
      const isDone = files.some(({ stamp, isCompressed }) => isCompressed && stamp === plain.stamp);
      if (!isDone) await compressFile(this.#in(plain.name), target, compress, this.#stop.signal);
      await syncDirectory(this.#path);
      // Where it was removed as the oldest meanwhile, it must not come back.
      if (!(await removeIfThere(this.#in(plain.name))) && !isDone) await removeIfThere(target);
    }
  }

  /** From the oldest to the youngest; of the same age the plain one first. */
  async #list(): Promise<RotatedFile[]> {
    const own = basename(this.#path);
    const files: RotatedFile[] = [];
    for (const name of (await readdir(dirname(this.#path))).sort()) {
      if (!name.startsWith(own)) continue;
      const [, stamp, suffix] = STAMP.exec(name.slice(own.length)) ?? [];
      if (stamp === undefined) continue;
      const bytes = await sizeIfThere(this.#in(name));
      if (bytes !== undefined) files.push({ name, stamp, isCompressed: suffix !== undefined, bytes });
    }
    return files;
  }

  #in(name: string): string {
    return join(dirname(this.#path), name);
  }
}

/** Of now, or just behind the newest: a clock that was put back must not change the order. */
function stampAfter(newest: string | undefined, now: number): string {
  const after = newest === undefined ? now : Math.max(now, timeOf(newest) + 1);
  return new Date(after).toISOString().replace(/[-:]/g, '');
}

function timeOf(stamp: string): number {
  return Date.parse(stamp.replace(/^(....)(..)(..T..)(..)/, '$1-$2-$3:$4:'));
}

async function removeIfThere(path: string): Promise<boolean> {
  try {
    await unlink(path);
    return true;
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return false;
    throw error;
  }
}

/** Undefined where it is no regular file as well. */
async function sizeIfThere(path: string): Promise<number | undefined> {
  try {
    const found = await stat(path);
    return found.isFile() ? found.size : undefined;
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** A name is safe from a power cut once its directory is. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(dirname(path), 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
