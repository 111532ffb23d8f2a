import { describe, expect, test } from '@jest/globals';
import { outputSchemas } from '../../../../cmd/output/schemas/index.ts';
import { CODES } from '../../../../contract/codes.ts';
import { VERSION } from '../../../../contract/version.ts';
import { install, openCluster } from '../../../support/installation-objects.ts';
import { runPlugin } from '../../../support/plugin.ts';

describe('version', () => {
  test('of the plugin alone, of a cluster, and where there is none', async () => {
    expect(await runPlugin(['version', '--client'])).toMatchObject({ code: 0, stdout: `plugin      ${VERSION}\n` });
    const cluster = openCluster();
    await install(cluster, '--no-wait');
    const { stdout } = await runPlugin(['version', '-o', 'json'], { cluster });
    expect(outputSchemas.Version?.parse(JSON.parse(stdout))).toMatchObject({
      injector: VERSION,
      kubernetes: 'v1.34.0',
    });
    const alone = await runPlugin(['version']);
    expect(alone).toMatchObject({ code: 1, stdout: `plugin      ${VERSION}\n` });
    expect(alone.stderr).toContain('DBA1101');
  });
});

describe('explain', () => {
  test.each(['DBA2002', 'dba2002', 'dbaudit.io/capture', 'config.dbaudit.io/redact', 'redact'])('%s', async (word) => {
    const { code, stdout } = await runPlugin(['explain', word]);
    expect(code).toBe(0);
    expect(stdout.split('\n').length).toBeGreaterThan(2);
  });

  test('all of them, within the terminal', async () => {
    for (const columns of [80, 160]) {
      const { stdout } = await runPlugin(['explain'], { columns, environment: { NO_COLOR: '1' } });
      const lines = stdout.trimEnd().split('\n');
      expect(lines[0]).toMatch(/^CODE OR KEY +MEANING$/);
      expect(lines.filter((line) => line.length > columns)).toEqual([]);
      for (const code of Object.keys(CODES)) expect(stdout).toContain(code);
    }
    const { stdout } = await runPlugin(['explain', '-o', 'json']);
    expect(outputSchemas.Explanations?.parse(JSON.parse(stdout))).toBeDefined();
  });

  test('a word that is nothing', async () => {
    expect(await runPlugin(['explain', 'DBA9999'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('DBA1004'),
    });
  });
});
