import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from '@jest/globals';

/**
 * Captures of other projects with what they hold, as told by their own baselines. They are not ours to ship; where
 * they lie beside the checkout they are scored.
 */
const CAPTURES = resolve('../shared/captures');
const SCORE = `${CAPTURES}/score_all.py`;

/** A few expectations are known to be wrong (a capture's INSERT that its expectation lacks, quotes read in two ways). */
const LEAST = 0.98;

if (existsSync(SCORE)) {
  describe.each(['mysql', 'postgresql', 'redis'])('%s', (protocol) => {
    const score = spawnSync('python3', [SCORE, `${resolve('bin/dbaudit-agent')} replay {pcap}`, '--proto', protocol], {
      encoding: 'utf8',
    });
    const report = `${score.stdout}${score.stderr}`;
    const totals = new RegExp(`^${protocol} .* recall ([\\d.]+)  in order ([\\d.]+)  precision ([\\d.]+)$`, 'm').exec(
      report,
    );
    const fields = new Map(
      [...report.matchAll(/(\w+) (\d+)\/(\d+)/g)].map(([, name, found, all]) => [name, [found, all]]),
    );

    test.each([
      ['recall', 1],
      ['in order', 2],
      ['precision', 3],
    ])('%s', (_, group) => {
      expect(Number(totals?.[group] ?? report)).toBeGreaterThanOrEqual(LEAST);
    });

    test('every replay ends well and its lines are JSON', () => {
      expect(report).not.toMatch(/ rc=| bad=/);
    });

    test.each(['user', 'db', 'outcome', 'login_user_seen', 'failed_login_reported', 'secrets_not_leaked'])(
      '%s',
      (field) => {
        const [found, all] = fields.get(field) ?? ['0', '0'];
        expect(found).toBe(all);
      },
    );
  });
} else {
  test('third-party captures', () => {
    process.stderr.write(`not scored: there are no third-party captures in ${CAPTURES}\n`);
    expect(existsSync(CAPTURES)).toBe(false);
  });
}
