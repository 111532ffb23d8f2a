import { type FileHandle, mkdir, open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { within } from './patience.ts';

const BYTES_PER_MEBIBYTE = 1_048_576;
/** Audit events are for their owner alone. */
const FILE_MODE = 0o600;
const DIRECTORY_MODE = 0o700;
/** A disk that hangs keeps nothing else waiting for longer; what it did not take by then is only counted. */
const PATIENCE_MILLIS = 2_000;

export interface QuarantineOptions {
  /** Made if need be. */
  readonly directory: string;
  readonly sink: string;
  /** Of both files together. */
  readonly mebibytes: number;
}

/** A line that a receiver will never take, and its words. */
export interface RefusedEvent {
  readonly line: Buffer;
  readonly classNumber: number;
  readonly reason: string;
}

/**
 * Keeps refused lines for people: `<sink>.ndjson` has one `{at, sink, reason, line}` a line, and `<sink>.ndjson.1` what came
 * before it. Never rejects, and never takes long: a quarantine that cannot be written holds up no event.
 */
export class Quarantine {
  readonly #sink: string;
  readonly #directory: string;
  readonly #path: string;
  readonly #maxFileBytes: number;
  #file: FileHandle | undefined;
  #size = 0;
  #writing: Promise<boolean> | undefined;

  constructor({ directory, sink, mebibytes }: QuarantineOptions) {
    this.#sink = sink;
    this.#directory = directory;
    this.#path = join(directory, `${sink}.ndjson`);
    this.#maxFileBytes = (mebibytes * BYTES_PER_MEBIBYTE) / 2;
  }

  get path(): string {
    return this.#path;
  }

  /** Settles with whether all of them are in the file. A record that is longer than a file may be is not kept. */
  async keep(events: readonly RefusedEvent[]): Promise<boolean> {
    // A disk that hangs gets no second write.
    if (this.#writing !== undefined) return false;
    const writing = this.#write(events).catch(() => {
      this.#size = 0;
      return this.#close().then(() => false);
    });
    this.#writing = writing.finally(() => {
      this.#writing = undefined;
    });
    return within(this.#writing, PATIENCE_MILLIS, false);
  }

  async close(): Promise<void> {
    await within(this.#writing ?? Promise.resolve(true), PATIENCE_MILLIS, false);
    await within(this.#close(), PATIENCE_MILLIS, undefined);
  }

  async #write(events: readonly RefusedEvent[]): Promise<boolean> {
    let keptAll = true;
    let records: string[] = [];
    let bytes = 0;
    const at = new Date().toISOString();
    for (const { line, reason } of events) {
      const record = `${JSON.stringify({ at, sink: this.#sink, reason, line: line.toString().trimEnd() })}\n`;
      const size = Buffer.byteLength(record);
      if (size > this.#maxFileBytes) {
        keptAll = false;
        continue;
      }
      this.#file ??= await this.#open();
      if (this.#size + bytes + size > this.#maxFileBytes) {
        await this.#append(records.join(''));
        await this.#rotate();
        records = [];
        bytes = 0;
      }
      records.push(record);
      bytes += size;
    }
    await this.#append(records.join(''));
    return keptAll;
  }

  async #append(text: string): Promise<void> {
    if (text === '') return;
    const file = this.#file ?? (await this.#open());
    this.#file = file;
    try {
      await file.appendFile(text);
    } catch (error) {
      // A full disk leaves part of a record, which would spoil the next one.
      await file.truncate(this.#size);
      throw error;
    }
    this.#size += Buffer.byteLength(text);
  }

  async #open(): Promise<FileHandle> {
    await mkdir(this.#directory, { recursive: true, mode: DIRECTORY_MODE });
    const file = await open(this.#path, 'a', FILE_MODE);
    this.#size = (await file.stat()).size;
    return file;
  }

  async #rotate(): Promise<void> {
    await this.#close();
    await rename(this.#path, `${this.#path}.1`);
    this.#file = await this.#open();
  }

  async #close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close().catch(() => undefined);
  }
}
