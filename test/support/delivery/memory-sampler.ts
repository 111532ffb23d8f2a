import { rssOf } from '../../../bench/measure.ts';

/** Between two looks; the kernel keeps the highest itself, so that nothing between them is missed. */
const SAMPLE_MILLIS = 250;
const BYTES_PER_MEBIBYTE = 1_048_576;

/** Resident memory of a process while it runs. */
export class MemorySampler {
  /** Bytes, one entry a look. */
  readonly resident: number[] = [];
  #highest = 0;
  readonly #timer: NodeJS.Timeout;

  constructor(pid: number) {
    const look = () => {
      try {
        const { now, highest } = rssOf(pid);
        if (now === 0) return; // it has ended and is not yet forgotten
        this.resident.push(now * BYTES_PER_MEBIBYTE);
        this.#highest = highest * BYTES_PER_MEBIBYTE;
      } catch {
        clearInterval(this.#timer);
      }
    };
    this.#timer = setInterval(look, SAMPLE_MILLIS);
    look();
  }

  /** Bytes that were resident at once (VmHWM), up to the last look. */
  get highest(): number {
    return this.#highest;
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
