/**
 * Writes docs/reference/labels.md and docs/codes.md from contract/. `--check` writes nothing and ends with 1 where one is
 * not as it would be written.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { codesPage } from './reference/codes-page.ts';
import { labelsPage } from './reference/labels-page.ts';

const ROOT = join(import.meta.dirname, '..');

const pages = new Map([
  ['docs/codes.md', codesPage()],
  ['docs/reference/labels.md', labelsPage()],
]);
const stale = [...pages]
  .map(([path, text]) => ({ path, file: join(ROOT, path), text }))
  .filter(({ file, text }) => !existsSync(file) || readFileSync(file, 'utf8') !== text);

if (process.argv.includes('--check')) {
  for (const { path } of stale) process.stderr.write(`${path} is stale: run tools/node tools/generate-reference.ts\n`);
  if (stale.length > 0) process.exitCode = 1;
} else {
  for (const { path, file, text } of stale) {
    writeFileSync(file, text);
    process.stdout.write(`${path}\n`);
  }
}
