import { renameSync } from 'node:fs';
import { build } from 'esbuild';

/** `tools/bundle.ts ENTRY OUTPUT`: one file from a part's entry point, types stripped and unused code left out. */
const [entry, output] = process.argv.slice(2);
if (entry === undefined || output === undefined) {
  process.stderr.write('usage: tools/bundle.ts ENTRY OUTPUT\n');
  process.exit(1);
}
// Two commands may build at the same time; each renames a whole file into place.
const unfinished = `${output}.${process.pid}.tmp`;
await build({
  entryPoints: [entry],
  outfile: unfinished,
  bundle: true,
  // Names stay readable in stack traces and profiles.
  minifySyntax: true,
  minifyWhitespace: true,
  platform: 'node',
  target: 'node24',
  format: 'esm',
  external: ['cap'],
  legalComments: 'none',
  logLevel: 'warning',
  // pino is CommonJS and asks for Node's own modules by `require`.
  banner: {
    js: "import { createRequire as bundleRequire } from 'node:module';\nconst require = bundleRequire(import.meta.url);",
  },
});
renameSync(unfinished, output);
