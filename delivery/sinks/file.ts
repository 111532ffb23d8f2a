import { type FileHandle, open, stat } from 'node:fs/promises';
import * as z from 'zod';
import { UserError } from '../../contract/user-error.ts';
import { type Batch, NO_LIMITS } from '../batch.ts';
import { COMPRESSIONS } from '../connection/compression.ts';
import { systemErrorCode, wordsOf } from '../system-error.ts';
import { TryAgain, WrongConfiguration } from './failure.ts';
import { fileReadBack } from './file/read-back.ts';
import { RotatedFiles } from './file/rotated-files.ts';
import type { Sink, SinkContext, SinkKind } from './sink.ts';
import { sinkFields } from './sink-fields.ts';

const BYTES_PER_MEBIBYTE = 1_048_576;
const MILLIS_PER_HOUR = 3_600_000;
/** Audit events are for their owner alone. */
const MODE = 0o600;
const NEWLINE = 0x0a;

const schema = z
  .strictObject({
    type: z.literal('file'),
    ...sinkFields,
    path: z.string().min(1),
    /** A batch that would take the file beyond this goes to a new one. */
    rotateMebibytes: z.int().min(1).max(65_536).default(128),
    /** The first batch after a multiple of so many hours, in UTC, goes to a new file: 1 is each hour, 24 each day. */
    rotateHours: z.int().min(1).max(8760).optional(),
    /** Files in all: the one that is written, then the youngest rotated ones. */
    keepFiles: z.int().min(1).max(10_000).default(8),
    /** Of all files, with room for the one that is written to grow; the oldest go first. A copy that is being compressed comes on top. */
    maxMebibytes: z.int().min(1).max(67_108_864).optional(),
    /** Rotated files, in the background. */
    compress: z.enum(COMPRESSIONS).default('none'),
  })
  .refine(({ rotateMebibytes, maxMebibytes = rotateMebibytes }) => maxMebibytes >= rotateMebibytes, {
    path: ['maxMebibytes'],
    message: 'expected at least rotateMebibytes',
  });

type FileSettings = z.infer<typeof schema>;

/**
 * Appends to a file, which is rotated by size and time. Lines are never divided between files. A file that somebody else
 * moved or removed is begun anew. One file is one agent's: two would rotate it under each other.
 */
export const fileSink = {
  schema,
  place: ({ path }: FileSettings) => path,
  async open(settings: FileSettings, context: SinkContext): Promise<Sink> {
    const sink = new FileSink(settings, context);
    await sink.begin();
    return sink;
  },
  readBack: ({ path }: FileSettings) => fileReadBack(path),
} satisfies SinkKind<typeof schema>;

interface OpenFile {
  readonly handle: FileHandle;
  /** A device or a pipe is neither rotated nor synced. */
  readonly isRegular: boolean;
  /** Which file it is, whatever it is called. */
  readonly identity: string;
  size: number;
  /** Of the last write; what is in the file is not younger. */
  writtenAt: number;
}

class FileSink implements Sink {
  readonly name: string;
  readonly limits = NO_LIMITS;
  readonly #settings: FileSettings;
  readonly #context: SinkContext;
  readonly #rotated: RotatedFiles;
  #file: OpenFile | undefined;
  #hasToldOfOthers = false;

  constructor(settings: FileSettings, context: SinkContext) {
    const { name, path, keepFiles, maxMebibytes, rotateMebibytes, compress } = settings;
    this.name = name ?? 'file';
    this.#settings = settings;
    this.#context = context;
    const bytes =
      maxMebibytes === undefined ? Number.POSITIVE_INFINITY : (maxMebibytes - rotateMebibytes) * BYTES_PER_MEBIBYTE;
    this.#rotated = new RotatedFiles(path, { files: keepFiles - 1, bytes, compress }, context.onNotice);
  }

  /**
   * Opens the file, and takes up what an end in the midst of things left behind. A disk that is full now may have room later.
   * @throws UserError where the path cannot be written to
   */
  async begin(): Promise<void> {
    const { path } = this.#settings;
    try {
      const { isRegular } = await this.#current();
      if (!isRegular) return;
      await this.#rotated.removeUnfinished();
      await this.#rotated.removeOldest();
      this.#rotated.compress();
    } catch (error) {
      const wrong = wrongPath(error, path);
      if (wrong !== undefined) throw new UserError(wrong.code, `sinks: ${wrong.message}`, wrong.nextStep);
      this.#context.onNotice(failureOf(error, path).message);
    }
  }

  async write({ bytes }: Batch): Promise<void> {
    try {
      let file = await this.#current();
      if (this.#isOver(file, bytes.length)) file = await this.#rotate();
      await this.#append(file, bytes);
    } catch (error) {
      throw failureOf(error, this.#settings.path);
    }
  }

  async close(): Promise<void> {
    await this.#rotated.close();
    await this.#closeFile();
  }

  async #append(file: OpenFile, bytes: Buffer): Promise<void> {
    let written = 0;
    try {
      while (written < bytes.length) {
        const { bytesWritten } = await file.handle.write(bytes, written, bytes.length - written);
        written += bytesWritten;
      }
    } catch (error) {
      // A full disk leaves part of a line, which would spoil the next one. Opening mends what truncating cannot.
      if (written > 0 && file.isRegular) await file.handle.truncate(file.size).catch(() => this.#closeFile());
      throw error;
    }
    file.size += bytes.length;
    file.writtenAt = Date.now();
  }

  #isOver({ isRegular, size, writtenAt }: OpenFile, more: number): boolean {
    const { rotateMebibytes, rotateHours } = this.#settings;
    if (!isRegular || size === 0) return false;
    if (size + more > rotateMebibytes * BYTES_PER_MEBIBYTE) return true;
    if (rotateHours === undefined) return false;
    const period = rotateHours * MILLIS_PER_HOUR;
    return Math.floor(writtenAt / period) < Math.floor(Date.now() / period);
  }

  /** Where it fails, the next batch tries again. */
  async #rotate(): Promise<OpenFile> {
    await this.#closeFile();
    await this.#rotated.add();
    this.#rotated.compress();
    return this.#current();
  }

  /** The file at the path, with its size, whatever others did to it. */
  async #current(): Promise<OpenFile> {
    const { path } = this.#settings;
    const file = this.#file;
    if (file === undefined) {
      this.#file = await openFile(path);
      return this.#file;
    }
    if (!file.isRegular) return file;
    const found = await stat(path).catch((error: unknown) => {
      if (systemErrorCode(error) === 'ENOENT') return undefined;
      throw error;
    });
    if (found === undefined || identityOf(found) !== file.identity) {
      this.#context.onNotice(`${path} was moved or removed; it is begun anew`);
      await this.#closeFile();
      return this.#current();
    }
    if (found.size !== file.size && !this.#hasToldOfOthers) {
      this.#hasToldOfOthers = true;
      this.#context.onNotice(`${path}: another program writes to it or cuts it; give each agent a file of its own`);
    }
    file.size = found.size;
    return file;
  }

  async #closeFile(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    if (file === undefined) return;
    try {
      if (file.isRegular) await file.handle.sync();
    } finally {
      await file.handle.close();
    }
  }
}

async function openFile(path: string): Promise<OpenFile> {
  const handle = await open(path, 'a+', MODE);
  try {
    const found = await handle.stat();
    const isRegular = found.isFile();
    const size = isRegular ? await endLastLine(handle, found.size) : 0;
    return { handle, isRegular, identity: identityOf(found), size, writtenAt: found.mtimeMs };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** A line that was cut off by a crash gets its end, so that the next line is whole. Gives the size. */
async function endLastLine(file: FileHandle, size: number): Promise<number> {
  if (size === 0) return 0;
  const last = Buffer.alloc(1);
  await file.read(last, 0, 1, size - 1);
  if (last[0] === NEWLINE) return size;
  await file.write('\n');
  return size + 1;
}

function identityOf({ dev, ino }: { readonly dev: number; readonly ino: number }): string {
  return `${dev} ${ino}`;
}

function failureOf(error: unknown, path: string): Error {
  const wrong = wrongPath(error, path);
  if (wrong !== undefined) return new WrongConfiguration('DBA4012', wrong.message, wrong.nextStep);
  return new TryAgain('DBA4012', `${path}: ${wordsOf(error)}`);
}

/** What is wrong with a path that nothing can be written to; undefined where it may be possible later. */
function wrongPath(error: unknown, path: string) {
  switch (systemErrorCode(error)) {
    case 'ENOENT':
    case 'ENOTDIR':
      return {
        code: 'DBA1001',
        message: `cannot write to ${path}: its directory does not exist`,
        nextStep: 'make the directory, or name another path',
      } as const;
    case 'EISDIR':
      return {
        code: 'DBA1001',
        message: `cannot write to ${path}: it is a directory`,
        nextStep: 'name a file in it',
      } as const;
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return {
        code: 'DBA1002',
        message: `may not read and append to ${path}, or not rotate it`,
        nextStep: 'give the agent the right to read and write there, or name another path',
      } as const;
    default:
      return undefined;
  }
}
