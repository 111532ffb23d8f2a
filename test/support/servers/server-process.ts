import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { endWithUs } from '../leftovers.ts';

/** A loaded machine of two cores starts MariaDB in ten seconds; longer means that it hangs. */
const START_LIMIT_MILLIS = 60_000;
/** Servers flush in well under this on a temporary directory; after it the process is killed. */
const STOP_LIMIT_MILLIS = 15_000;
const POLL_MILLIS = 50;
const LOG_TAIL_CHARACTERS = 2_000;

/** The account servers run under when we are root: PostgreSQL refuses root. Debian's nobody and nogroup. */
export const NOBODY = { uid: 65_534, gid: 65_534 } as const;

export function runningAsRoot(): boolean {
  return process.getuid?.() === 0;
}

export interface ServerCommand {
  readonly program: string;
  readonly arguments: readonly string[];
  /** Takes standard output and standard error. */
  readonly logFile: string;
  readonly account?: { readonly uid: number; readonly gid: number } | undefined;
  /** Sent first; the default is SIGTERM. */
  readonly stopSignal?: NodeJS.Signals;
  /** Sent when we end without having stopped it; the default is SIGKILL. */
  readonly abandonSignal?: NodeJS.Signals;
  /** Replaces the environment; the default is the parent's. */
  readonly environment?: NodeJS.ProcessEnv;
}

/** A child process that listens on a loopback port. */
export class ServerProcess {
  readonly #child: ChildProcess;
  readonly #command: ServerCommand;
  readonly #exit: Promise<void>;
  #ended = false;

  private constructor(command: ServerCommand) {
    this.#command = command;
    const log = openSync(command.logFile, 'a');
    this.#child = spawn(command.program, command.arguments, {
      stdio: ['ignore', log, log],
      env: command.environment ?? process.env,
      ...command.account,
    });
    closeSync(log);
    this.#exit = new Promise((resolve) => {
      const ended = () => {
        this.#ended = true;
        resolve();
      };
      this.#child.once('exit', ended);
      this.#child.once('error', ended);
    });
    endWithUs(this.#child, command.abandonSignal);
  }

  /** Starts it and waits until `ready` holds. Rejects with the end of its log when it exits first or takes too long. */
  static async start(command: ServerCommand, ready: () => Promise<boolean>): Promise<ServerProcess> {
    const started = new ServerProcess(command);
    const deadline = Date.now() + START_LIMIT_MILLIS;
    for (;;) {
      if (started.#ended) throw new Error(`${command.program} ended before it was ready:\n${started.logTail()}`);
      if (await ready()) return started;
      if (Date.now() > deadline) {
        await started.stop();
        throw new Error(`${command.program} was not ready in ${START_LIMIT_MILLIS} ms:\n${started.logTail()}`);
      }
      await sleep(POLL_MILLIS);
    }
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error(`${this.#command.program} could not be started`);
    return this.#child.pid;
  }

  logTail(): string {
    return readFileSync(this.#command.logFile, 'utf8').slice(-LOG_TAIL_CHARACTERS);
  }

  /** Ends the process: its stop signal first, SIGKILL after a bound. */
  async stop(): Promise<void> {
    if (!this.#ended) {
      this.#child.kill(this.#command.stopSignal ?? 'SIGTERM');
      const late = setTimeout(() => this.#child.kill('SIGKILL'), STOP_LIMIT_MILLIS);
      await this.#exit;
      clearTimeout(late);
    }
  }
}
