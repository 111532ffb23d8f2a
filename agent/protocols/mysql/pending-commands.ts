import type { Command } from './command.ts';

/** Requests in the order they were sent, each until it is answered. */
export class PendingCommands {
  #commands: Command[] = [];
  #first = 0;

  get length(): number {
    return this.#commands.length - this.#first;
  }

  get first(): Command | undefined {
    return this.#commands[this.#first];
  }

  get last(): Command | undefined {
    return this.length > 0 ? this.#commands.at(-1) : undefined;
  }

  push(command: Command): void {
    this.#commands.push(command);
  }

  /** Takes out the oldest. */
  shift(): Command | undefined {
    const command = this.#commands[this.#first];
    this.#first += 1;
    if (this.#first >= this.#commands.length) {
      this.#commands.length = 0;
      this.#first = 0;
    } else if (this.#first >= COMPACT_AT) {
      this.#commands = this.#commands.slice(this.#first);
      this.#first = 0;
    }
    return command;
  }

  *[Symbol.iterator](): IterableIterator<Command> {
    for (let index = this.#first; index < this.#commands.length; index += 1) {
      const command = this.#commands[index];
      if (command !== undefined) yield command;
    }
  }
}

/** So many answered ones stay in a pipeline's list before it is cut, so that taking one out costs the same in any length. */
const COMPACT_AT = 256;
