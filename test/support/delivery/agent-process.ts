import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { cpuSecondsOf } from '../../../bench/measure.ts';
import { endWithUs, type TemporaryDirectory, temporaryDirectory } from '../leftovers.ts';
import { AGENT } from '../live-agent.ts';
import { MemorySampler } from './memory-sampler.ts';

/** A first start may build the capture addon. */
const START_LIMIT_MILLIS = 60_000;
/** The agent's own deadline for draining is 10 s. */
const STOP_LIMIT_MILLIS = 30_000;
const POLL_MILLIS = 50;
const LOG_TAIL_CHARACTERS = 4_000;

export interface AgentSettings {
  /** Port of the Redis on loopback that is watched; nothing else is. */
  readonly redisPort: number;
  /** As in the agent's configuration. */
  readonly delivery: object;
  readonly sinks: readonly object[];
}

/** How a process that was told to end did end. */
export interface AgentEnd {
  readonly exitCode: number | null;
  readonly log: string;
}

/** What the agent says of its sink. */
export interface SinkFigures {
  readonly sent: number;
  readonly waiting: number;
}

/** Where agents that follow one another have their configuration, spool and logs. */
export class AgentHome {
  readonly #directory: TemporaryDirectory = temporaryDirectory('delivering-agent');

  get spool(): string {
    return `${this.#directory.path}/spool`;
  }

  get configuration(): string {
    return `${this.#directory.path}/agent.yaml`;
  }

  logFile(name: string): string {
    return `${this.#directory.path}/${name}.log`;
  }

  remove(): void {
    this.#directory.remove();
  }
}

/** `bin/dbaudit-agent run` with sinks over the network, as a child process; its memory is watched. */
export class AgentProcess {
  readonly memory: MemorySampler;
  readonly #child: ChildProcess;
  readonly #logFile: string;
  readonly #exit: Promise<void>;
  #ended = false;
  #address = '';

  private constructor(home: AgentHome, settings: AgentSettings, name: string) {
    const { redisPort, delivery, sinks } = settings;
    const configuration = {
      capture: { device: 'lo', ports: { mysql: [], postgresql: [], redis: [redisPort] } },
      delivery,
      sinks,
      http: { port: 0 },
    };
    writeFileSync(home.configuration, JSON.stringify(configuration));
    this.#logFile = home.logFile(name);
    const log = openSync(this.#logFile, 'a');
    const { NODE_OPTIONS: _, ...environment } = process.env;
    this.#child = spawn(AGENT, ['run', '--config', home.configuration], {
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
    this.memory = new MemorySampler(this.pid);
  }

  /** Starts one and waits until it captures; rejects with what it said when it does not. `name` is that of its log. */
  static async start(home: AgentHome, settings: AgentSettings, name = 'agent'): Promise<AgentProcess> {
    const agent = new AgentProcess(home, settings, name);
    const deadline = Date.now() + START_LIMIT_MILLIS;
    for (;;) {
      const log = agent.log();
      agent.#address = /"address":"([^"]+)"/.exec(log)?.[1] ?? '';
      if (agent.#address !== '' && log.includes('"capturing"')) return agent;
      if (agent.#ended || Date.now() > deadline) {
        await agent.kill();
        throw new Error(`the agent did not come up: ${log.slice(-LOG_TAIL_CHARACTERS)}`);
      }
      await sleep(POLL_MILLIS);
    }
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error('the agent could not be started');
    return this.#child.pid;
  }

  /** User and system, since its start. */
  cpuSeconds(): number {
    return cpuSecondsOf(this.pid);
  }

  log(): string {
    return readFileSync(this.#logFile, 'utf8');
  }

  /** Sum of a metric's values over its labels; 0 where there is none. */
  async metric(name: string): Promise<number> {
    return sumOf(await this.#metrics(), name);
  }

  async sinkFigures(): Promise<SinkFigures> {
    const metrics = await this.#metrics();
    return {
      sent: sumOf(metrics, 'dbaudit_sink_events_total'),
      waiting: sumOf(metrics, 'dbaudit_sink_waiting_events'),
    };
  }

  async #metrics(): Promise<string> {
    return (await fetch(`${this.#address}/metrics`)).text();
  }

  /** Settles when its receiver takes something again; the limit is for hangs. */
  async sends(limitMillis: number): Promise<void> {
    const deadline = Date.now() + limitMillis;
    const { sent: before } = await this.sinkFigures();
    while ((await this.sinkFigures()).sent === before) {
      if (this.#ended || Date.now() > deadline) {
        throw new Error(`nothing is sent any more: ${this.log().slice(-LOG_TAIL_CHARACTERS)}`);
      }
      await sleep(POLL_MILLIS);
    }
  }

  /** Settles when every event of this agent has been settled; the limit is for hangs. */
  async drained(limitMillis: number): Promise<void> {
    const deadline = Date.now() + limitMillis;
    for (let empty = 0; empty < 3; ) {
      const { sent, waiting } = await this.sinkFigures();
      empty = waiting === 0 ? empty + 1 : 0; // what is being gathered into a batch is not waiting yet
      if (this.#ended || Date.now() > deadline) {
        throw new Error(`${waiting} events still wait, ${sent} were sent: ${this.log().slice(-LOG_TAIL_CHARACTERS)}`);
      }
      await sleep(200);
    }
  }

  /** Lets it deliver and end. */
  async stop(): Promise<AgentEnd> {
    if (!this.#ended) {
      this.#child.kill('SIGTERM');
      const late = setTimeout(() => this.#child.kill('SIGKILL'), STOP_LIMIT_MILLIS);
      await this.#exit;
      clearTimeout(late);
    }
    this.memory.stop();
    return { exitCode: this.#child.exitCode, log: this.log().slice(-LOG_TAIL_CHARACTERS) };
  }

  /** Ends it at once (SIGKILL); safe to call on one that has ended. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exit;
    this.memory.stop();
  }
}

function sumOf(metrics: string, name: string): number {
  const samples = metrics.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'gm'));
  return [...samples].reduce((sum, [, value]) => sum + Number(value), 0);
}
