import { type FileHandle, open, rename } from 'node:fs/promises';
import { UserError } from '../../contract/user-error.ts';
import type { EncodedBatch, Sink } from './sink.ts';

const BYTES_PER_MEBIBYTE = 1_048_576;
/** Audit events are for their owner alone. */
const MODE = 0o600;
const NEWLINE = 0x0a;

export interface FileSinkSettings {
  readonly path: string;
  /** A batch that would take the file beyond this goes to a new one. */
  readonly rotateMebibytes: number;
  /** Files in all: the one that is written, then `<path>.1` and so on, the youngest first. */
  readonly keepFiles: number;
}

/**
 * Appends to a file, which is rotated by size. Lines are never divided between files.
 * @throws UserError where the file cannot be opened
 */
export async function openFileSink(settings: FileSinkSettings): Promise<Sink> {
  const sink = new FileSink(settings);
  await sink.open();
  return sink;
}

class FileSink implements Sink {
  readonly name = 'file';
  readonly #settings: FileSinkSettings;
  #file: FileHandle | undefined;
  /** A device or a pipe is neither rotated nor synced. */
  #isRegular = false;
  #size = 0;

  constructor(settings: FileSinkSettings) {
    this.#settings = settings;
  }

  async open(): Promise<FileHandle> {
    const { path } = this.#settings;
    try {
      const file = await open(path, 'a+', MODE);
      this.#file = file;
      this.#isRegular = (await file.stat()).isFile();
      this.#size = this.#isRegular ? await sizeOfWholeLines(file) : 0;
      return file;
    } catch (error) {
      throw explained(error as NodeJS.ErrnoException, path);
    }
  }

  async write({ lines }: EncodedBatch): Promise<void> {
    const file = this.#isFull(lines.length) ? await this.#rotate() : (this.#file ?? (await this.open()));
    let written = 0;
    try {
      while (written < lines.length) {
        const { bytesWritten } = await file.write(lines, written, lines.length - written);
        written += bytesWritten;
      }
    } catch (error) {
      // A full disk leaves part of a line, which would spoil the next one.
      if (written > 0 && this.#isRegular) await file.truncate(this.#size).catch(() => undefined);
      throw error;
    }
    this.#size += lines.length;
  }

  async close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    if (file === undefined) return;
    try {
      if (this.#isRegular) await file.sync();
    } finally {
      await file.close();
    }
  }

  #isFull(more: number): boolean {
    const limit = this.#settings.rotateMebibytes * BYTES_PER_MEBIBYTE;
    return this.#isRegular && this.#size > 0 && this.#size + more > limit;
  }

  /** Where it fails, the next batch tries again. */
  async #rotate(): Promise<FileHandle> {
    const { path, keepFiles } = this.#settings;
    await this.close();
    for (let number = keepFiles - 1; number > 0; number--) {
      await renameIfThere(number === 1 ? path : `${path}.${number - 1}`, `${path}.${number}`);
    }
    const file = await this.open();
    if (keepFiles === 1) {
      await file.truncate(0);
      this.#size = 0;
    }
    return file;
  }
}

/** A line that was cut off by a crash gets its end, so that the next line is whole. */
async function sizeOfWholeLines(file: FileHandle): Promise<number> {
  const { size } = await file.stat();
  if (size === 0) return 0;
  const last = Buffer.alloc(1);
  await file.read(last, 0, 1, size - 1);
  if (last[0] === NEWLINE) return size;
  await file.write('\n');
  return size + 1;
}

async function renameIfThere(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

function explained(error: NodeJS.ErrnoException, path: string): Error {
  switch (error.code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return new UserError(
        'DBA1001',
        `sinks: cannot write to ${path}: its directory does not exist`,
        'make the directory, or name another path',
      );
    case 'EISDIR':
      return new UserError('DBA1001', `sinks: cannot write to ${path}: it is a directory`, 'name a file in it');
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new UserError(
        'DBA1002',
        `sinks: may not read and append to ${path} (${error.code})`,
        'give the agent the right to read and write there, or name another path',
      );
    default:
      return error;
  }
}
