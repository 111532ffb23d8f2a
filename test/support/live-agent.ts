import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AuditEvent } from '../../contract/audit-event.ts';
import { visitEventsOf } from './events.ts';
import { endWithUs, temporaryDirectory } from './leftovers.ts';
import { freePort } from './servers/free-port.ts';
import type { ServerProtocol } from './servers/running-server.ts';

export const AGENT = join(import.meta.dirname, '../../bin/dbaudit-agent');

/** A first start may build the capture addon. */
const START_LIMIT_MILLIS = 60_000;
/** The agent's own deadline for draining is 10 s. */
const STOP_LIMIT_MILLIS = 30_000;
const POLL_MILLIS = 50;
/** Fifty thousand packets a second of 500 bytes fill it in two and a half seconds. */
const RING_MEBIBYTES = 64;
/** Tests read one file; a longer run than 4 GiB of events is not a test. */
const ROTATE_MEBIBYTES = 4096;

export interface LiveAgentOptions {
  readonly ports: Partial<Record<ServerProtocol, readonly number[]>>;
  readonly source?: 'auto' | 'afpacket' | 'tcpdump' | 'cap';
  /** Only what runs here is watched, unless told otherwise. */
  readonly device?: string;
}

/** `bin/dbaudit-agent run` as a child process, as a user would run it. */
export class LiveAgent {
  readonly #child: ChildProcess;
  readonly #directory = temporaryDirectory('agent');
  readonly #exit: Promise<void>;
  #ended = false;

  private constructor(options: LiveAgentOptions, httpPort: number) {
    writeFileSync(this.#file('agent.yaml'), JSON.stringify(configuration(options, this.#file('events'), httpPort)));
    const log = openSync(this.#file('log'), 'a');
    const { NODE_OPTIONS: _, ...environment } = process.env;
    this.#child = spawn(AGENT, ['run', '--config', this.#file('agent.yaml')], {
      stdio: ['ignore', log, log],
      env: environment,
    });
    closeSync(log);
    endWithUs(this.#child);
    this.#exit = new Promise((resolve) => {
      const ended = () => {
        this.#ended = true;
        resolve();
      };
      this.#child.once('exit', ended);
      this.#child.once('error', ended);
    });
  }

  /** Starts an agent and waits until it captures. Rejects with what it said when it cannot. */
  static async start(options: LiveAgentOptions): Promise<LiveAgent> {
    const httpPort = await freePort();
    const agent = new LiveAgent(options, httpPort);
    const deadline = Date.now() + START_LIMIT_MILLIS;
    while (!(await answersOk(`http://127.0.0.1:${httpPort}/readyz`))) {
      if (agent.#ended || Date.now() > deadline) {
        const said = agent.#log();
        await agent.#end();
        agent.#directory.remove();
        throw new Error(`the agent did not come up: ${said}`);
      }
      await sleep(POLL_MILLIS);
    }
    return agent;
  }

  #log(): string {
    return readFileSync(this.#file('log'), 'utf8');
  }

  /** Lets the agent drain and end, then shows all that it wrote, in order. Rejects when it does not end well. */
  async stop(visit: (event: AuditEvent) => void = () => undefined): Promise<void> {
    await this.#end();
    try {
      if (this.#child.exitCode !== 0) {
        throw new Error(`the agent ended with ${this.#child.exitCode ?? this.#child.signalCode}: ${this.#log()}`);
      }
      if (existsSync(this.#file('events'))) visitEventsOf(this.#file('events'), visit);
    } finally {
      this.#directory.remove();
    }
  }

  async #end(): Promise<void> {
    if (this.#ended) return;
    this.#child.kill('SIGTERM');
    const late = setTimeout(() => this.#child.kill('SIGKILL'), STOP_LIMIT_MILLIS);
    await this.#exit;
    clearTimeout(late);
  }

  #file(name: string): string {
    return join(this.#directory.path, name);
  }
}

function configuration(options: LiveAgentOptions, events: string, httpPort: number) {
  const { source = 'auto', device = 'lo', ports } = options;
  return {
    capture: { source, device, ringMebibytes: RING_MEBIBYTES, ports },
    sinks: [{ type: 'file', path: events, rotateMebibytes: ROTATE_MEBIBYTES }],
    http: { port: httpPort },
  };
}

function answersOk(url: string): Promise<boolean> {
  return fetch(url).then(
    (response) => response.ok,
    () => false,
  );
}
