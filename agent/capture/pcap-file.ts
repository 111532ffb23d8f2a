/** Replays a capture file: pcap or pcapng, gzip too. */
import { open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { UserError } from '../../contract/user-error.ts';
import { DamagedCapture } from './capture-format.ts';
import { CaptureStream } from './capture-stream.ts';
import { gunzipped, isGzip } from './gunzip.ts';
import type { CaptureCounters, OnPacket, PacketSource } from './packet-source.ts';

/** Large enough that a read costs little per packet, small enough to stay in the processor's cache. */
const CHUNK_BYTES = 1024 * 1024;
const STANDARD_INPUT = '-';

export class PcapFileSource implements PacketSource {
  readonly name = 'file';
  readonly #path: string;
  readonly #standardInput: Readable;
  #stream: CaptureStream | undefined;

  /** `path` is `-` for standard input. */
  constructor(path: string, standardInput: Readable = process.stdin) {
    this.#path = path;
    this.#standardInput = standardInput;
  }

  /** `dropped` is what the file says was lost when it was written. */
  counters(): CaptureCounters {
    const { packets, dropped } = this.#stream ?? { packets: 0, dropped: 0 };
    return { received: packets + dropped, dropped };
  }

  /**
   * Rejects with UserError DBA1002 where the file cannot be read, is no capture, is cut or damaged; all packets before
   * that have been given.
   */
  async run(onPacket: OnPacket, onBatch: () => void | Promise<void>, signal: AbortSignal): Promise<void> {
    const stream = new CaptureStream(onPacket);
    this.#stream = stream;
    const stopWaiting = (): void => void this.#standardInput.destroy();
    if (this.#path === STANDARD_INPUT) signal.addEventListener('abort', stopWaiting);
    try {
      for await (const chunk of this.#chunks(stream)) {
        if (signal.aborted) return;
        stream.push(chunk);
        await onBatch();
      }
      if (!signal.aborted) stream.end();
    } catch (error) {
      if (signal.aborted && error instanceof UserError) return;
      await onBatch();
      throw error instanceof DamagedCapture ? this.#unreadable(error.message, error.position) : error;
    } finally {
      signal.removeEventListener('abort', stopWaiting);
    }
  }

  /** Decompressed where need be. A chunk is only lent until the next one is asked for. */
  async *#chunks(stream: CaptureStream): AsyncGenerator<Buffer> {
    const bytes = this.#path === STANDARD_INPUT ? this.#standardInput : fileChunks(this.#path);
    try {
      const { compressed, chunks } = await isGzip(bytes);
      yield* compressed ? gunzipped(chunks) : chunks;
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code?.startsWith('E') && stream.position === 0)
        throw new UserError('DBA1002', `${this.#name} cannot be read: ${message}`, 'check the path and its rights');
      throw this.#unreadable(message, stream.position);
    }
  }

  get #name(): string {
    return this.#path === STANDARD_INPUT ? 'standard input' : this.#path;
  }

  #unreadable(problem: string, position: number): UserError {
    return new UserError(
      'DBA1002',
      `${this.#name}, byte ${position}: ${problem}`,
      'give a capture as tcpdump or Wireshark write it (pcap or pcapng, gzip too); the packets before that byte were read',
    );
  }
}

/** One buffer serves all reads. */
async function* fileChunks(path: string): AsyncGenerator<Buffer> {
  const file = await open(path, 'r');
  try {
    const buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES);
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, CHUNK_BYTES, null);
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}
