import { crc32 } from 'node:zlib';
import { WrongConfiguration } from '../failure.ts';
import { NO_IDENTITY, NO_SEQUENCE, type ProducerIdentity, type Records } from './record-batch.ts';

/** Sequences are 31 bits and begin anew behind the last. */
const SEQUENCES = 2 ** 31;

/** What the broker needs to know a repeat. */
export interface Numbering {
  readonly identity: ProducerIdentity;
  readonly sequence: number;
}

interface InDoubt {
  readonly sequence: number;
  readonly fingerprint: string;
}

/**
 * The numbers by which brokers drop a batch that they have already. A batch whose answer never came keeps its number when it
 * is sent again; where other records come instead, nobody can know which number is next, and a new identity begins.
 * https://cwiki.apache.org/confluence/display/KAFKA/KIP-98
 */
export class ProducerSequence {
  #offered: boolean;
  #identity: ProducerIdentity | undefined;
  readonly #next = new Map<number, number>();
  readonly #inDoubt = new Map<number, InDoubt>();
  readonly #onNotice: (message: string) => void;

  /** @param wanted without it no numbers are given */
  constructor(wanted: boolean, onNotice: (message: string) => void) {
    this.#offered = wanted;
    this.#onNotice = onNotice;
  }

  /**
   * To be called before numbers are given for a batch.
   * @param obtain where it throws WrongConfiguration, events go without numbers from then on
   * @throws TryAgain
   */
  async prepare(obtain: () => Promise<ProducerIdentity>): Promise<void> {
    if (!this.#offered || this.#identity !== undefined) return;
    try {
      this.#identity = await obtain();
    } catch (error) {
      if (!(error instanceof WrongConfiguration)) throw error;
      this.#offered = false;
      this.#onNotice(`events are sent without idempotence, so an outage may cause repeats (${error.message})`);
    }
  }

  /**
   * The number of the next records of a partition. Undefined where these are not those that were doubted: then the identity is
   * given up, all numbers with it, and `prepare` has to be called.
   */
  numberFor(partition: number, fingerprint: string): Numbering | undefined {
    if (this.#identity === undefined) return { identity: NO_IDENTITY, sequence: NO_SEQUENCE };
    const doubt = this.#inDoubt.get(partition);
    if (doubt !== undefined && doubt.fingerprint !== fingerprint) {
      this.startAnew();
      return undefined;
    }
    return { identity: this.#identity, sequence: doubt?.sequence ?? this.#next.get(partition) ?? 0 };
  }

  /** The broker has them. */
  taken(partition: number, { sequence }: Numbering, count: number): void {
    if (sequence === NO_SEQUENCE) return;
    this.#inDoubt.delete(partition);
    this.#next.set(partition, (sequence + count) % SEQUENCES);
  }

  /** Nobody knows whether the broker has them. */
  doubted(partition: number, { sequence }: Numbering, fingerprint: string): void {
    if (sequence === NO_SEQUENCE) return;
    this.#inDoubt.set(partition, { sequence, fingerprint });
  }

  /** With a new identity, the next time. */
  startAnew(): void {
    this.#identity = undefined;
    this.#next.clear();
    this.#inDoubt.clear();
  }
}

/** Not a proof, but the records come from a queue: what has the same length, number, times and checksum is the same. */
export function fingerprintOf({ bytes, count, firstTimestamp, maxTimestamp }: Records, compressed: Buffer): string {
  return `${bytes.length} ${count} ${firstTimestamp} ${maxTimestamp} ${crc32(compressed)}`;
}
