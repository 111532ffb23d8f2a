import { constants } from 'node:fs';
import { type FileHandle, lstat, mkdir, open, readdir, rename, unlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { StoreUnavailable } from '../event-store.ts';
import { systemErrorCode } from '../system-error.ts';
import { MAGIC } from './block-format.ts';
import { LOCK_NAME } from './directory-lock.ts';
import { LEDGER_NAME } from './ledger.ts';
import { unavailable } from './spool-failure.ts';

/** Audit events are for their owner alone. */
export const FILE_MODE = 0o600;
const DIRECTORY_MODE = 0o700;
const OTHERS = 0o077;
const NAME_DIGITS = 16;
const SEGMENT_NAME = /^(\d{16})\.segment$/;
const REWRITTEN_NAME = /^(\d{16})\.segment\.new$/;
/** Enough for those that are written, sent from and rewritten; a process has 1024 by default. */
const OPEN_FILES = 8;

export interface Listing {
  /** Ascending. */
  readonly segments: readonly number[];
  /** Files that were being written in place of a segment. */
  readonly rewritten: readonly number[];
  /** Names of what is not ours. */
  readonly foreign: readonly string[];
}

/**
 * Makes the directory, or makes sure that it is one for its owner alone.
 * @throws StoreUnavailable
 */
export async function prepareDirectory(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode: DIRECTORY_MODE });
    if (!(await lstat(path)).isDirectory()) {
      throw new StoreUnavailable(`spool ${path}: it is a symbolic link, and none is followed`);
    }
    const directory = await open(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
    try {
      if (((await directory.stat()).mode & OTHERS) !== 0) await directory.chmod(DIRECTORY_MODE);
    } finally {
      await directory.close();
    }
  } catch (error) {
    throw unavailable(error, path);
  }
}

/** The segment files of one directory. A few stay open. No symbolic link is followed. */
export class SegmentFiles {
  readonly directory: string;
  /** The one used last is the last. */
  readonly #open = new Map<number, FileHandle>();

  constructor(directory: string) {
    this.directory = directory;
  }

  async list(): Promise<Listing> {
    const segments: number[] = [];
    const rewritten: number[] = [];
    const foreign: string[] = [];
    for (const entry of await readdir(this.directory, { withFileTypes: true })) {
      const segment = SEGMENT_NAME.exec(entry.name)?.[1];
      const fresh = REWRITTEN_NAME.exec(entry.name)?.[1];
      if (entry.name === LEDGER_NAME || entry.name === LOCK_NAME) continue;
      if (!entry.isFile()) foreign.push(entry.name);
      else if (segment !== undefined) segments.push(Number(segment));
      else if (fresh !== undefined) rewritten.push(Number(fresh));
      else foreign.push(entry.name);
    }
    return { segments: segments.sort((a, b) => a - b), rewritten, foreign };
  }

  /** The file of a segment that is there, to read and write. It stays open for a while; nobody else closes it. */
  async open(number: number): Promise<FileHandle> {
    const flags = constants.O_RDWR | constants.O_NOFOLLOW | constants.O_NONBLOCK;
    const file = this.#open.get(number) ?? (await open(this.#path(number), flags));
    await this.#keepOpen(number, file);
    return file;
  }

  async create(number: number): Promise<FileHandle> {
    const file = await open(this.#path(number), constants.O_RDWR | constants.O_CREAT | constants.O_EXCL, FILE_MODE);
    await this.#keepOpen(number, file);
    return file;
  }

  /** A file that takes the place of a segment with `publish`. The caller closes it. */
  createRewritten(number: number): Promise<FileHandle> {
    const path = this.#rewrittenPath(number);
    return open(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL, FILE_MODE);
  }

  async publish(number: number): Promise<void> {
    await rename(this.#rewrittenPath(number), this.#path(number));
    await this.close(number);
  }

  async remove(number: number): Promise<void> {
    await this.close(number);
    await unlinkIfThere(this.#path(number));
  }

  removeRewritten(number: number): Promise<void> {
    return unlinkIfThere(this.#rewrittenPath(number));
  }

  /** Whether what is in the segment can still be had. */
  async isThere(number: number): Promise<boolean> {
    if (this.#open.has(number)) return true;
    return (await lstat(this.#path(number)).catch(() => undefined))?.isFile() === true;
  }

  /** Removes what is left of a segment that was being written anew. Gives its name where it is none of ours. */
  async removeLeftover(number: number): Promise<string | undefined> {
    const path = this.#rewrittenPath(number);
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const start = Buffer.alloc(MAGIC.length);
    const { bytesRead } = await file.read(start, 0, start.length, 0).finally(() => file.close());
    if (!start.subarray(0, bytesRead).equals(MAGIC.subarray(0, bytesRead))) return basename(path);
    await unlinkIfThere(path);
    return undefined;
  }

  /** What was written to a segment is forced to disk; one that is gone needs it no more. Others may go on meanwhile. */
  async force(number: number): Promise<void> {
    try {
      const file = await open(this.#path(number), constants.O_RDONLY | constants.O_NOFOLLOW);
      await file.datasync().finally(() => file.close());
    } catch (error) {
      if (systemErrorCode(error) !== 'ENOENT') throw error;
    }
  }

  /** New and removed names are forced to disk. */
  async syncNames(): Promise<void> {
    const directory = await open(this.directory, constants.O_RDONLY | constants.O_DIRECTORY);
    try {
      await directory.sync();
    } finally {
      await directory.close();
    }
  }

  async close(number: number): Promise<void> {
    const file = this.#open.get(number);
    this.#open.delete(number);
    await file?.close();
  }

  async closeAll(): Promise<void> {
    for (const number of [...this.#open.keys()]) await this.close(number);
  }

  async #keepOpen(number: number, file: FileHandle): Promise<void> {
    this.#open.delete(number);
    this.#open.set(number, file);
    const [longestUnused] = this.#open.keys();
    if (this.#open.size > OPEN_FILES && longestUnused !== undefined) await this.close(longestUnused);
  }

  nameOf(number: number): string {
    return `${String(number).padStart(NAME_DIGITS, '0')}.segment`;
  }

  #path(number: number): string {
    return join(this.directory, this.nameOf(number));
  }

  #rewrittenPath(number: number): string {
    return `${this.#path(number)}.new`;
  }
}

async function unlinkIfThere(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT') throw error;
  }
}

/** Writes all of it; a disk that takes only a part gets the rest, or says why it takes no more. */
export async function writeAll(file: FileHandle, buffers: readonly Buffer[], position: number): Promise<void> {
  let left = buffers;
  let at = position;
  while (left.length > 0) {
    const { bytesWritten } = await file.writev(left, at);
    at += bytesWritten;
    left = behind(left, bytesWritten);
  }
}

function behind(buffers: readonly Buffer[], bytes: number): Buffer[] {
  let skipped = bytes;
  return buffers.flatMap((buffer) => {
    const from = Math.min(skipped, buffer.length);
    skipped -= from;
    return from === buffer.length ? [] : [buffer.subarray(from)];
  });
}
