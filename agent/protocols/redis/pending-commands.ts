import type { PendingCommand } from './pending-command.ts';

/** So many places are given back at once; giving back one by one would move all others each time. */
const TRIM_AT = 1024;

/** Commands that wait for their answers, oldest first. */
export class PendingCommands {
  /** Those that wait are `[head, tail)`. */
  #places: (PendingCommand | undefined)[] = [];
  #head = 0;
  #tail = 0;
  /** Answers still to come for commands that were given up for room: they belong to nobody. */
  #orphans = 0;

  get size(): number {
    return this.#tail - this.#head;
  }

  /** Answers still to come. */
  get answersLeft(): number {
    return this.size + this.#orphans;
  }

  /** To whom the next answer belongs; undefined: to nobody. */
  get first(): PendingCommand | undefined {
    return this.#orphans > 0 || this.#head === this.#tail ? undefined : this.#places[this.#head];
  }

  push(command: PendingCommand): void {
    this.#places[this.#tail++] = command;
  }

  /** Takes the oldest away. */
  shift(): PendingCommand | undefined {
    if (this.#head === this.#tail) return undefined;
    const command = this.#places[this.#head];
    this.#places[this.#head++] = undefined;
    if (this.#head === this.#tail) {
      if (this.#tail > TRIM_AT) this.#places = [];
      this.#head = 0;
      this.#tail = 0;
    } else if (this.#head >= TRIM_AT) {
      this.#places = this.#places.slice(this.#head, this.#tail);
      this.#tail -= this.#head;
      this.#head = 0;
    }
    return command;
  }

  /** Takes the oldest away although its answer is still to come. */
  giveUpOldest(): PendingCommand | undefined {
    this.#orphans += 1;
    return this.shift();
  }

  /** An answer came for a command that was given up: true. */
  takeOrphan(): boolean {
    if (this.#orphans === 0) return false;
    this.#orphans -= 1;
    return true;
  }

  /** Takes all away; what answers come belong to nobody known. */
  clear(): readonly PendingCommand[] {
    const all = this.waiting();
    this.#places = [];
    this.#head = 0;
    this.#tail = 0;
    this.#orphans = 0;
    return all;
  }

  waiting(): readonly PendingCommand[] {
    return this.#places.slice(this.#head, this.#tail).filter((command) => command !== undefined);
  }
}
