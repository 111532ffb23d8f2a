import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, jest, test } from '@jest/globals';
import { AgentHome, AgentProcess, type AgentSettings } from '../../support/delivery/agent-process.ts';
import { DeliveredEvents } from '../../support/delivery/delivered-events.ts';
import { eventIdsIn } from '../../support/delivery/lines-on-disk.ts';
import { PacedLoad } from '../../support/delivery/paced-load.ts';
import { startReceiver } from '../../support/delivery/receivers.ts';
import { isFullScale } from '../../support/delivery/scale.ts';
import { Random } from '../../support/mutation/random.ts';
import { SEED } from '../../support/seed.ts';
import { startRedis } from '../../support/servers/redis.ts';

/** For hangs: a round takes three seconds. */
jest.setTimeout(1_200_000);

const KILLS = isFullScale ? 100 : 5;
const PER_SECOND = 2000;
/** More than one round ever sends, so that a command's number tells its round. */
const ROUND = 1_000_000;
/** An agent lives this long under load before it is killed, at random between the two. */
const [SHORTEST_LIFE_MILLIS, LONGEST_LIFE_MILLIS] = [200, 1600];
const DRAIN_LIMIT_MILLIS = 240_000;

/** One agent from its start to its being killed. */
interface Life {
  /** Unix time in milliseconds. */
  readonly startedAt: number;
  /** Commands that Redis answered, those after its death included. */
  readonly made: number;
  /** Ids of the events that were in its spool when it was dead. */
  readonly spooled: readonly string[];
  readonly highestRss: number;
}

async function liveAndDie(home: AgentHome, settings: AgentSettings, round: number, lifeMillis: number): Promise<Life> {
  const startedAt = Date.now();
  const agent = await AgentProcess.start(home, settings, `agent-${round}`);
  const load = PacedLoad.start({
    port: settings.redisPort,
    perSecond: PER_SECOND,
    atLeast: 0,
    firstNumber: round * ROUND,
  });
  await sleep(lifeMillis);
  await agent.kill();
  const spooled = eventIdsIn(home.spool);
  return { startedAt, made: await load.finish(), spooled, highestRss: agent.memory.highest };
}

describe('an agent that is killed under load', () => {
  test('what its spool had is delivered by the next ones, whether the receiver was there or not', async () => {
    const random = new Random(SEED);
    const home = new AgentHome();
    const redis = await startRedis();
    const receiver = await startReceiver('http');
    try {
      await redis.administer(['CONFIG SET slowlog-log-slower-than -1']);
      const settings = {
        redisPort: redis.port,
        delivery: { spool: { directory: home.spool } },
        sinks: [receiver.sink],
      };
      const lives: Life[] = [];
      let receiverIsUp = true;
      for (let round = 0; round < KILLS; round += 1) {
        const wanted = random.chance(0.5);
        if (wanted !== receiverIsUp) await (wanted ? receiver.restart() : receiver.kill());
        receiverIsUp = wanted;
        const lifeMillis = SHORTEST_LIFE_MILLIS + random.below(LONGEST_LIFE_MILLIS - SHORTEST_LIFE_MILLIS);
        lives.push(await liveAndDie(home, settings, round, lifeMillis));
      }
      if (!receiverIsUp) await receiver.restart();
      const lastStartedAt = Date.now();
      const last = await AgentProcess.start(home, settings, 'agent-last');
      await last.drained(DRAIN_LIMIT_MILLIS);
      expect(await last.stop()).toMatchObject({ exitCode: 0 });

      const delivered = new DeliveredEvents();
      await receiver.readAll((event) => delivered.add(event));
      const rounds = delivered.sequencesByRound(
        (number) => Math.floor(number / ROUND),
        (instanceId) => roundAt([...lives.map(({ startedAt }) => startedAt), lastStartedAt], startOf(instanceId)),
      );
      const spooled = new Set(lives.flatMap((life) => life.spooled));
      const missing = delivered.missingOf(spooled);
      const made = lives.reduce((sum, life) => sum + life.made, 0);
      const highestRss = Math.max(...lives.map((life) => life.highestRss));
      const told = [...delivered.gaps].map(([reason, { events, lost }]) => `${events} ${reason} (${lost} events)`);
      process.stderr.write(
        `killed ${KILLS} times: made ${made}, delivered ${delivered.commandEvents}, ${spooled.size} were in the spool when it died, of these missing ${missing}, ` +
          `duplicates ${delivered.duplicates}, gaps ${told.join(', ') || 'none'}, ${(highestRss / 1e6).toFixed(1)} MB RSS at most\n`,
      );
      // A line that is whole on disk may stand in a block that is not.
      expect(missing).toBeLessThanOrEqual(delivered.gaps.get('spool-torn')?.lost ?? 0);
      expect(spooled.size).toBeGreaterThan(0);
      expect(delivered.commandEvents).toBe(delivered.numbers.size);
      // What was in memory only is missing at the end of each life, and nowhere else.
      expect(lives.map((_, round) => holesIn(rounds.get(round) ?? new Set()))).toEqual(lives.map(() => 0));
      // One that was killed before it could tell of the one before leaves that to the next.
      const killed = delivered.gaps.get('agent-killed')?.events ?? 0;
      expect(killed).toBeGreaterThanOrEqual(1);
      expect(killed).toBeLessThanOrEqual(KILLS);
    } finally {
      await redis.stop();
      await receiver.stop();
      home.remove();
    }
  });
});

/** Sequence numbers that are missing below the highest that came. */
function holesIn(sequences: ReadonlySet<number>): number {
  let highest = -1;
  for (const sequence of sequences) if (sequence > highest) highest = sequence;
  return highest + 1 - sequences.size;
}

/** An instance id begins with the Unix time in milliseconds of its start, in base 36. */
function startOf(instanceId: string): number {
  return Number.parseInt(instanceId.split('-', 1)[0] ?? '', 36);
}

function roundAt(starts: readonly number[], time: number): number {
  return starts.findLastIndex((start) => start <= time);
}
