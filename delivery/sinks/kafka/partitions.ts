import { murmur2 } from '@platformatic/kafka';
import { type Batch, countOf, lineOf } from '../../batch.ts';
import { eventIdOf, orderingKeyOf } from '../../event-id.ts';
import type { Leaders } from './cluster.ts';

/** Sessions whose partition is remembered; the hash is cheap, but not as cheap as a look-up. */
const MAX_REMEMBERED = 10_000;

/** Which partition each line of a batch goes to. */
export interface Partitioner {
  /** The indexes of the lines by partition, in the batch's order. `leaders` has one entry a partition, one of them with a leader. */
  divide(batch: Batch, leaders: Leaders): Map<number, number[]>;
}

/**
 * A session's events stay in one partition, so in order: that of Java's default partitioner for the key, so that other
 * producers agree. Without an id there is no order to be kept.
 */
export class SessionPartitioner implements Partitioner {
  readonly #remembered = new Map<string, number>();
  #count = 0;

  divide(batch: Batch, leaders: Leaders): Map<number, number[]> {
    if (this.#count !== leaders.length || this.#remembered.size > MAX_REMEMBERED) {
      this.#remembered.clear();
      this.#count = leaders.length;
    }
    const divided = new Map<number, number[]>();
    for (let index = 0; index < countOf(batch); index += 1) {
      const id = eventIdOf(lineOf(batch, index));
      const partition = id === undefined ? 0 : this.#partitionOf(orderingKeyOf(id));
      const indexes = divided.get(partition);
      if (indexes === undefined) divided.set(partition, [index]);
      else indexes.push(index);
    }
    return divided;
  }

  #partitionOf(key: string): number {
    const known = this.#remembered.get(key);
    if (known !== undefined) return known;
    // Java makes the hash positive this way: Utils.toPositive.
    const partition = (murmur2(key) & 0x7fffffff) % this.#count;
    this.#remembered.set(key, partition);
    return partition;
  }
}

/** Each batch goes to the next partition that has a leader: balanced, with the fewest requests. */
export class BalancedPartitioner implements Partitioner {
  #next = 0;

  divide(batch: Batch, leaders: Leaders): Map<number, number[]> {
    while (leaders[this.#next % leaders.length] === undefined) this.#next += 1;
    const partition = this.#next % leaders.length;
    this.#next = partition + 1;
    return new Map([[partition, Array.from({ length: countOf(batch) }, (_, index) => index)]]);
  }
}
