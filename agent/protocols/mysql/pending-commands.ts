import type { Command } from './command.ts';

/** Requests in the order they were sent, each until it is answered. Most clients wait, so that there is one at most. */
export class PendingCommands {
  /** The oldest; those behind it in a list of their own. */
  first: Command | undefined;
  #others: Command[] = [];
  /** Where the list begins: taken ones are cut off now and then. */
  #next = 0;

  get length(): number {
    return this.first === undefined ? 0 : 1 + this.#others.length - this.#next;
  }

  push(command: Command): void {
    if (this.first === undefined) this.first = command;
    else this.#others.push(command);
  }

  /** Takes out the oldest. */
  shift(): Command | undefined {
    const command = this.first;
    if (this.#others.length === 0) {
      this.first = undefined;
      return command;
    }
    this.first = this.#others[this.#next];
    this.#next += 1;
    if (this.#next === this.#others.length) {
      this.#others = [];
      this.#next = 0;
    } else if (this.#next === COMPACT_AT) {
      this.#others = this.#others.slice(this.#next);
      this.#next = 0;
    }
    return command;
  }

  *[Symbol.iterator](): IterableIterator<Command> {
    if (this.first !== undefined) yield this.first;
    yield* this.#others.slice(this.#next);
  }
}

/** So many taken ones stay in a pipeline's list before they are cut off, so that taking one costs the same in any length. */
const COMPACT_AT = 256;
