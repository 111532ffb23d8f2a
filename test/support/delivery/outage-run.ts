import { setTimeout as sleep } from 'node:timers/promises';
import { startRedis } from '../servers/redis.ts';
import { AgentHome, AgentProcess } from './agent-process.ts';
import { DeliveredEvents } from './delivered-events.ts';
import { NetworkCut } from './network-cut.ts';
import { PacedLoad } from './paced-load.ts';
import type { Receiver } from './receiver.ts';
import type { Scale } from './scale.ts';

/** What happens to the receiver while events are made: SIGKILL, dropped packets, standing still again and again. */
export type Outage = 'killed' | 'cut-off' | 'slow';

/** What came of it. `made` is the database's own count. */
export interface OutageResult {
  readonly receiver: string;
  readonly outages: readonly Outage[];
  readonly made: number;
  /** Of the load's commands, each once. */
  readonly delivered: number;
  /** Numbers of commands that have an event; equal to `delivered` where none has two. */
  readonly commands: number;
  readonly duplicates: number;
  readonly missingSequences: number;
  readonly gaps: Readonly<Record<string, number>>;
  readonly highestRssBytes: number;
  /** Before the first outage. */
  readonly quietRssBytes: number;
  /** Of the agent's log, where it did not end well. */
  readonly problem: string | undefined;
  /** Events that waited at most: none means that the outage was none. */
  readonly mostWaiting: number;
  /** From the last event made to the last one delivered. */
  readonly drainSeconds: number;
  /** The agent's own, user and system, for each event made. */
  readonly cpuMicros: number;
}

/** For hangs: a full spool of 512 MiB drains at 8 MiB a second in a minute. */
const DRAIN_LIMIT_MILLIS = 240_000;
/** For hangs: the longest back-off is ten seconds, and a connection is given up after thirty. */
const SENDS_LIMIT_MILLIS = 120_000;
/** While it is slow, a receiver stands still this long at a time: longer than any answer should take, shorter than a client waits. */
const STANDSTILL_MILLIS = 2_000;
const BETWEEN_STANDSTILLS_MILLIS = 250;
const WATCH_MILLIS = 200;

/**
 * Events of a real Redis under a steady load, captured and delivered by a real agent to `receiver`, to which the outages
 * happen one after the other. Ends the receiver.
 */
export async function runOutages(receiver: Receiver, outages: readonly Outage[], scale: Scale): Promise<OutageResult> {
  const home = new AgentHome();
  const redis = await startRedis();
  let agent: AgentProcess | undefined;
  let watch: WaitingWatch | undefined;
  try {
    // Of so many commands the counters are enough.
    await redis.administer(['CONFIG SET slowlog-log-slower-than -1']);
    await redis.openLedger();
    agent = await AgentProcess.start(home, {
      redisPort: redis.port,
      delivery: { spool: { directory: home.spool } },
      sinks: [receiver.sink],
    });
    watch = new WaitingWatch(agent);
    const load = PacedLoad.start({ port: redis.port, perSecond: scale.perSecond, atLeast: scale.events });
    await sleep(scale.quietMillis);
    const quietRssBytes = agent.memory.highest;
    for (const outage of outages) {
      await happen[outage](receiver, scale.outageMillis);
      await agent.sends(SENDS_LIMIT_MILLIS);
      await sleep(scale.quietMillis);
    }
    await load.finish();
    const made = (await redis.readLedger()).statements.filter((statement) => statement === 'SET').length;
    const loadEnded = performance.now();
    await agent.drained(DRAIN_LIMIT_MILLIS);
    const drainSeconds = (performance.now() - loadEnded) / 1000;
    const cpuMicros = (agent.cpuSeconds() / made) * 1e6;
    const { exitCode, log } = await agent.stop();
    const delivered = new DeliveredEvents();
    await receiver.readAll((event) => delivered.add(event));
    return {
      receiver: receiver.name,
      outages,
      made,
      delivered: delivered.commandEvents,
      commands: delivered.numbers.size,
      duplicates: delivered.duplicates,
      missingSequences: delivered.missingSequences,
      gaps: Object.fromEntries([...delivered.gaps].map(([reason, { lost }]) => [reason, lost])),
      highestRssBytes: agent.memory.highest,
      quietRssBytes,
      problem: exitCode === 0 ? undefined : `exit code ${exitCode}: ${log}`,
      mostWaiting: watch.most,
      drainSeconds,
      cpuMicros,
    };
  } finally {
    watch?.stop();
    await agent?.kill();
    await redis.stop();
    await receiver.stop();
    home.remove();
  }
}

const happen: Readonly<Record<Outage, (receiver: Receiver, millis: number) => Promise<void>>> = {
  async killed(receiver, millis) {
    await receiver.kill();
    await sleep(millis);
    await receiver.restart();
  },
  async 'cut-off'(receiver, millis) {
    const cut = new NetworkCut(receiver.port);
    cut.begin();
    await sleep(millis);
    if (cut.end() === 0) throw new Error('nothing was sent to the receiver while it was cut off');
  },
  async slow(receiver, millis) {
    const until = performance.now() + millis;
    while (performance.now() < until) {
      process.kill(receiver.pid, 'SIGSTOP');
      await sleep(STANDSTILL_MILLIS);
      process.kill(receiver.pid, 'SIGCONT');
      await sleep(BETWEEN_STANDSTILLS_MILLIS);
    }
  },
};

/** How many events wait, looked at now and again. */
class WaitingWatch {
  most = 0;
  #stopped = false;

  constructor(agent: AgentProcess) {
    void this.#run(agent);
  }

  stop(): void {
    this.#stopped = true;
  }

  async #run(agent: AgentProcess): Promise<void> {
    while (!this.#stopped) {
      const waiting = await agent.sinkFigures().then(
        (figures) => figures.waiting,
        () => 0, // it ends
      );
      this.most = Math.max(this.most, waiting);
      await sleep(WATCH_MILLIS);
    }
  }
}

/** One line, for people. */
export function describeOutage(result: OutageResult): string {
  const gaps = Object.entries(result.gaps).map(([reason, lost]) => `${reason} ${lost}`);
  return (
    `${result.receiver} ${result.outages.join(', ')}: made ${result.made}, delivered ${result.delivered}, missing ${result.made - result.delivered}, ` +
    `duplicates ${result.duplicates}, gaps ${gaps.join(', ') || 'none'}, ${result.mostWaiting} waited at most, drained ${result.drainSeconds.toFixed(1)} s after the load, ` +
    `${result.cpuMicros.toFixed(1)} µs CPU an event, ${(result.highestRssBytes / 1e6).toFixed(1)} MB RSS at most, ${(result.quietRssBytes / 1e6).toFixed(1)} before the outages\n`
  );
}
