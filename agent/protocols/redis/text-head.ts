/** Of a text no more is given: longer than any error message, and as much of INFO as tells the version. */
export const HEAD_BYTES = 512;

/** The beginning of a text that comes in pieces. */
export class TextHead {
  bytes = Buffer.alloc(0);
  #length = 0;
  #torn = false;

  /** The next bytes of the text; those that do not fit are dropped. */
  keep(buffer: Buffer, start: number, end: number): void {
    const length = Math.min(HEAD_BYTES - this.#length, end - start);
    if (length <= 0) return;
    if (this.bytes.length === 0) this.bytes = Buffer.allocUnsafeSlow(HEAD_BYTES);
    buffer.copy(this.bytes, this.#length, start, start + length);
    this.#length += length;
  }

  /** Bytes of the text were lost: what is kept of it says nothing. */
  tear(): void {
    this.#torn = true;
  }

  /** The text is over. Gives back how many bytes of it are in `bytes`, until the next are kept. */
  clear(): number {
    const length = this.#torn ? 0 : this.#length;
    this.#length = 0;
    this.#torn = false;
    return length;
  }
}
