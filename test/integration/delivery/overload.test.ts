import { describe, expect, jest, test } from '@jest/globals';
import { runOverload } from '../../support/delivery/overload-run.ts';
import { isFullScale } from '../../support/delivery/scale.ts';
import { temporaryDirectory } from '../../support/leftovers.ts';

/** For hangs: the longest takes a minute, and the spool half a minute to drain. */
jest.setTimeout(600_000);

const PER_SECOND = 100_000;
const SECONDS = isFullScale ? 60 : 4;
/** Three seconds of the sink's: it is full in the first second. */
const SPOOL_MEBIBYTES = 16;
const RSS_LIMIT_BYTES = 130e6;

/**
 * Events are made where the agent's encoder would write them: no two cores make, capture and decode the packets of a
 * hundred thousand statements a second beside all else.
 */
describe('ten times more events than the sink takes', () => {
  test('every dropped one is in a gap event, and what is important is not dropped', async () => {
    const directory = temporaryDirectory('overload');
    try {
      const plan = {
        events: PER_SECOND * SECONDS,
        perSecond: PER_SECOND,
        sinkPerSecond: PER_SECOND / 10,
        spoolDirectory: `${directory.path}/spool`,
        spoolMebibytes: SPOOL_MEBIBYTES,
      };
      const result = await runOverload(plan, directory.path);
      const lost = Object.values(result.lost).reduce((sum, count) => sum + count, 0);
      const fates = Object.entries(result.byClass).map(([name, fate]) => `${name} ${fate.delivered}/${fate.made}`);
      process.stderr.write(
        `overload: made ${result.made} at ${Math.round(result.madePerSecond)}/s, delivered ${result.delivered} (${fates.join(', ')}), ` +
          `lost by ${result.gapEvents} gap events ${lost} ${JSON.stringify(result.lost)}, unexplained ${result.made - result.delivered - lost}, ` +
          `duplicates ${result.duplicates}, spool ${(result.highestSpoolBytes / 1e6).toFixed(1)} MB, ${result.cpuMicros.toFixed(1)} µs CPU an event, ` +
          `${(result.highestRssBytes / 1e6).toFixed(1)} MB RSS at most\n`,
      );
      expect(result.delivered + lost).toBe(result.made);
      expect(lost).toBeGreaterThan(result.made / 2);
      const { read, ...others } = result.byClass;
      expect(read?.delivered).toBeLessThan(read?.made ?? 0);
      for (const [name, { made, delivered }] of Object.entries(others)) {
        expect(`${name} ${delivered}`).toBe(`${name} ${made}`);
      }
      expect(result.highestSpoolBytes).toBeLessThanOrEqual(SPOOL_MEBIBYTES * 1_048_576);
      expect(result.highestRssBytes).toBeLessThanOrEqual(RSS_LIMIT_BYTES);
    } finally {
      directory.remove();
    }
  });
});
