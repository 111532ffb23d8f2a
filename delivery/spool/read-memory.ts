/** A buffer that is given back is used again up to this size: fresh ones are memory outside the heap, and each few make V8 collect all of it. */
const KEPT_BYTES = 1_048_576;
const KEPT_BUFFERS = 4;
const LEAST_BYTES = 65_536;

/** Lends the memory that lines are read into. */
export class ReadMemory {
  readonly #spare: Buffer[] = [];

  take(bytes: number): Buffer {
    const index = this.#spare.findIndex((buffer) => buffer.length >= bytes);
    const [spare] = index < 0 ? [] : this.#spare.splice(index, 1);
    return spare ?? Buffer.allocUnsafeSlow(Math.max(LEAST_BYTES, 2 ** Math.ceil(Math.log2(Math.max(1, bytes)))));
  }

  giveBack(buffer: Buffer): void {
    if (buffer.length > KEPT_BYTES) return;
    this.#spare.push(buffer);
    if (this.#spare.length <= KEPT_BUFFERS) return;
    this.#spare.sort((a, b) => b.length - a.length).pop();
  }
}
