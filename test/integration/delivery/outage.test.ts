import { describe, expect, jest, test } from '@jest/globals';
import { whyNoOwnNetwork } from '../../support/delivery/network-cut.ts';
import { describeOutage, type Outage, type OutageResult, runOutages } from '../../support/delivery/outage-run.ts';
import { runInOwnNetwork } from '../../support/delivery/own-network.ts';
import { type ReceiverName, startReceiver, whyNoReceiver } from '../../support/delivery/receivers.ts';
import { isFullScale, SCALE } from '../../support/delivery/scale.ts';

/** For hangs: a run at full scale takes two minutes and a half, as long again to drain, and servers half a minute to start. */
jest.setTimeout(900_000);

/** What an agent may take beside a database in a pod, whatever its receiver does. */
const RSS_LIMIT_BYTES = 130e6;

type Plan = readonly [receiver: ReceiverName, outages: readonly Outage[]];

/** All kinds of outages in one run: servers take longer to start than an outage lasts. The older versions at full scale only. */
const QUICK: readonly Plan[] = [
  ['kafka-4', ['killed', 'cut-off', 'slow']],
  ['opensearch-3', ['killed', 'cut-off', 'slow']],
  ['http', ['killed', 'cut-off', 'slow']],
];

const FULL: readonly Plan[] = [
  ...(['kafka-4', 'opensearch-3', 'http'] as const).flatMap((receiver): readonly Plan[] => [
    [receiver, ['killed', 'killed']],
    [receiver, ['cut-off', 'cut-off']],
    [receiver, ['slow', 'slow']],
  ]),
  ['kafka-2', ['killed', 'killed']],
  ['opensearch-2', ['killed', 'killed']],
];

function run(receiver: ReceiverName, outages: readonly Outage[]): Promise<OutageResult> {
  if (outages.includes('cut-off')) return runInOwnNetwork(receiver, outages, SCALE);
  return startReceiver(receiver).then((started) => runOutages(started, outages, SCALE));
}

/** Outages that cannot be made here are left out, and it is said why. */
function possible(receiver: ReceiverName, wanted: readonly Outage[]): readonly Outage[] {
  const absent = whyNoReceiver(receiver);
  const noCut = wanted.includes('cut-off') ? whyNoOwnNetwork() : undefined;
  const left = absent !== undefined ? [] : wanted.filter((outage) => outage !== 'cut-off' || noCut === undefined);
  const reason = absent ?? noCut;
  if (reason !== undefined) process.stderr.write(`${receiver}: left out for want of something: ${reason}\n`);
  return left;
}

describe('a receiver that is away for a while', () => {
  for (const [receiver, wanted] of isFullScale ? FULL : QUICK) {
    const outages = possible(receiver, wanted);
    (outages.length === 0 ? test.skip : test)(`${receiver}, ${wanted.join(', ')}: nothing is lost`, async () => {
      const result = await run(receiver, outages);
      process.stderr.write(describeOutage(result));
      expect(result.problem).toBeUndefined();
      expect(result.made).toBeGreaterThanOrEqual(SCALE.events);
      expect(result).toMatchObject({ delivered: result.made, commands: result.made, missingSequences: 0, gaps: {} });
      // An outage during which nothing has to wait shows nothing: half a second's events at the least.
      expect(result.mostWaiting).toBeGreaterThan(SCALE.perSecond / 2);
      expect(result.highestRssBytes).toBeLessThanOrEqual(RSS_LIMIT_BYTES);
    });
  }
});
