import type { PendingCommand } from './pending-command.ts';

/** So many places are given back at once; giving back one by one would move all others each time. */
const TRIM_AT = 1024;

/** Commands that wait for their answers, oldest first. */
export class PendingCommands {
  #commands: (PendingCommand | undefined)[] = [];
  #head = 0;
  /** Answers still to come for commands that were given up for room: they belong to nobody. */
  #orphans = 0;

  get size(): number {
    return this.#commands.length - this.#head;
  }

  /** Answers still to come. */
  get answersLeft(): number {
    return this.size + this.#orphans;
  }

  /** To whom the next answer belongs; undefined: to nobody. */
  get first(): PendingCommand | undefined {
    return this.#orphans > 0 ? undefined : this.#commands[this.#head];
  }

  push(command: PendingCommand): void {
    this.#commands.push(command);
  }

  /** Takes the oldest away. */
  shift(): PendingCommand | undefined {
    const command = this.#commands[this.#head];
    if (command === undefined) return undefined;
    this.#commands[this.#head] = undefined;
    this.#head += 1;
    if (this.#head === this.#commands.length) {
      this.#commands.length = 0;
      this.#head = 0;
    } else if (this.#head >= TRIM_AT) {
      this.#commands.splice(0, this.#head);
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
    this.#commands = [];
    this.#head = 0;
    this.#orphans = 0;
    return all;
  }

  waiting(): readonly PendingCommand[] {
    return this.#commands.slice(this.#head).filter((command) => command !== undefined);
  }
}
