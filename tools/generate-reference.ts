/**
 * Writes docs/codes.md and docs/reference/{labels,events-view}.md from contract/, and docs/reference/rules.md
 * from collector/rules. `--check` writes nothing and ends with 1 where one is
 * not as it would be written.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { codesPage } from './reference/codes-page.ts';
import { eventsViewPage } from './reference/events-view-page.ts';
import { labelsPage } from './reference/labels-page.ts';
import { rulesPage } from './reference/rules-page.ts';

const ROOT = join(import.meta.dirname, '..');

const pages = new Map([
  ['docs/codes.md', codesPage()],
  ['docs/reference/labels.md', labelsPage()],
  ['docs/reference/events-view.md', eventsViewPage()],
  ['docs/reference/rules.md', rulesPage()],
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
