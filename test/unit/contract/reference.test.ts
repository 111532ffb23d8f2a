import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { CODES } from '../../../contract/codes.ts';
import { SETTINGS } from '../../../contract/labels.ts';

test('docs/codes.md and docs/reference/labels.md are as contract/ says', () => {
  const { status, stderr } = spawnSync(process.execPath, ['tools/generate-reference.ts', '--check'], {
    encoding: 'utf8',
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
});

test('every code and every setting has its place', () => {
  const headings = readFileSync('docs/codes.md', 'utf8').match(/^### .*$/gm);
  expect(headings?.toSorted()).toEqual(Object.keys(CODES).map((code) => `### ${code}`));
  const labels = readFileSync('docs/reference/labels.md', 'utf8');
  for (const { name } of SETTINGS) expect(labels).toContain(`| \`config.dbaudit.io/${name}\` |`);
});
