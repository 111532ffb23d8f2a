import type { Hash } from 'node:crypto';
import type { Arguments } from './arguments.ts';

const SEPARATOR = Buffer.from(' ');

/** SHA-256 over a command's arguments, joined by single spaces, as they stood on the wire. */
export class TextHash {
  readonly #hash: Hash = createSha256();
  #first = true;

  /** An argument begins. */
  argument(): void {
    if (!this.#first) this.#hash.update(SEPARATOR);
    this.#first = false;
  }

  bytes(buffer: Buffer, start: number, end: number): void {
    this.#hash.update(buffer.subarray(start, end));
  }

  kept(given: Arguments): this {
    for (let index = 0; index < given.count; index += 1) {
      this.argument();
      this.bytes(given.buffer, given.start(index), given.end(index));
    }
    return this;
  }

  /** In hex. To be asked once. */
  digest(): string {
    return this.#hash.digest('hex');
  }
}

/** Loaded when the first text is too long: OpenSSL's part of Node costs an idle agent megabytes. */
function createSha256(): Hash {
  return process.getBuiltinModule('node:crypto').createHash('sha256');
}
