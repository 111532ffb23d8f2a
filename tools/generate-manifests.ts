/**
 * Writes what is generated from manifests/*.ts: the kustomize base and overlays, the Helm chart and the page of rights.
 * `--check` writes nothing and ends with 1 where a file is not as it would be written.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { GENERATED_DIRECTORIES, generatedFiles } from './manifests/generated-files.ts';

const ROOT = join(import.meta.dirname, '..');

const wanted = generatedFiles();
const stale = [...wanted].filter(
  ([path, text]) => !existsSync(join(ROOT, path)) || readFileSync(join(ROOT, path), 'utf8') !== text,
);
const superfluous = GENERATED_DIRECTORIES.map((directory) => join(ROOT, directory))
  .filter((directory) => existsSync(directory))
  .flatMap((directory) => readdirSync(directory, { recursive: true, withFileTypes: true }))
  .filter((entry) => entry.isFile())
  .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)))
  .filter((path) => !wanted.has(path));

if (process.argv.includes('--check')) {
  for (const path of [...stale.map(([path]) => path), ...superfluous]) process.stderr.write(`${path} is stale\n`);
  if (stale.length + superfluous.length > 0) {
    process.stderr.write('run `tools/node tools/generate-manifests.ts`\n');
    process.exitCode = 1;
  }
} else {
  for (const path of superfluous) rmSync(join(ROOT, path));
  for (const [path, text] of stale) {
    mkdirSync(dirname(join(ROOT, path)), { recursive: true });
    writeFileSync(join(ROOT, path), text);
    process.stdout.write(`${path}\n`);
  }
}
