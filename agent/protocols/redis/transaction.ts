/** MULTI, the commands it collects, and EXEC. https://redis.io/docs/latest/develop/using-commands/transactions/ */

import type { Nanos } from '../../timeline.ts';
import { UNSEEN } from '../activity.ts';
import type { PendingCommand } from './pending-command.ts';

/** The commands answered QUEUED, until EXEC's answer holds one element for each. */
export class Transaction {
  #queued: PendingCommand[] = [];
  /** How many of the first queued ones had to be given up. */
  #dropped = 0;
  /** MULTI's answer and every command since were seen, so that EXEC's elements can be told apart. */
  #complete = false;

  get size(): number {
    return this.#queued.length;
  }

  /** MULTI was answered. */
  begin(): void {
    this.#complete = true;
  }

  queue(command: PendingCommand): void {
    this.#queued.push(command);
  }

  /** Gives up the oldest command for room. */
  dropOldest(): PendingCommand | undefined {
    this.#dropped += 1;
    return this.#queued.shift();
  }

  /** Requests or answers were lost: the elements of EXEC's answer cannot be told apart any more. */
  lose(): void {
    this.#complete = false;
  }

  /** The command to which element `index` of EXEC's answer belongs. */
  command(index: number): PendingCommand | undefined {
    return this.#complete ? this.#queued[index - this.#dropped] : undefined;
  }

  /** EXEC was answered with what the commands gave; the last byte was seen at `at`. */
  executed(at: Nanos): readonly PendingCommand[] {
    const complete = this.#complete;
    const commands = this.#end();
    for (const command of commands) if (complete && command.outcome !== UNSEEN) command.until = at;
    return commands;
  }

  /** Nothing was executed: aborted, discarded, or the connection ended first. */
  notExecuted(): readonly PendingCommand[] {
    const commands = this.#end();
    for (const command of commands) command.note('not-executed');
    return commands;
  }

  /** What came of it was not seen. */
  unseen(): readonly PendingCommand[] {
    return this.#end();
  }

  #end(): readonly PendingCommand[] {
    const commands = this.#queued;
    this.#queued = [];
    this.#dropped = 0;
    this.#complete = false;
    return commands;
  }
}
