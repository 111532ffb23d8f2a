import { existsSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { unusedParts } from './unused-parts.ts';

/** ES modules where Node is given a file; a single executable runs CommonJS, whose parts are loaded when they are needed. */
type BundleFormat = 'esm' | 'cjs';

/** What each format lacks: pino asks for Node's own modules by `require`, and a single executable has no `import.meta`. */
const FORMATS = {
  esm: {
    format: 'esm',
    banner: {
      js: "import { createRequire as bundleRequire } from 'node:module';\nconst require = bundleRequire(import.meta.url);",
    },
  },
  cjs: {
    format: 'cjs',
    define: { 'import.meta.url': 'bundleUrl' },
    banner: { js: "const bundleUrl = require('node:url').pathToFileURL(__filename).href;" },
  },
} as const;

const NOTICE_FILE = /^(licen[cs]e|notice|copying)/i;

/**
 * Writes one file from a part's entry point, types stripped and unused code left out.
 * @returns the directories of the packages whose code is in it, sorted
 */
export async function bundle(entry: string, output: string, format: BundleFormat = 'esm'): Promise<string[]> {
  // Two commands may build at the same time; each renames a whole file into place.
  const unfinished = `${output}.${process.pid}.tmp`;
  const { metafile } = await build({
    entryPoints: [entry],
    outfile: unfinished,
    bundle: true,
    // Names stay readable in stack traces and profiles.
    minifySyntax: true,
    minifyWhitespace: true,
    platform: 'node',
    target: 'node24',
    // Native code is loaded from packages beside the bundle.
    external: ['cap', '@duckdb/node-bindings'],
    legalComments: 'none',
    logLevel: 'warning',
    metafile: true,
    plugins: [unusedParts],
    ...FORMATS[format],
  });
  renameSync(unfinished, output);
  const packages = Object.keys(metafile.inputs).flatMap(
    (file) => /^.*\bnode_modules\/(?:@[^/]+\/)?[^/]+/.exec(file) ?? [],
  );
  return [...new Set(packages)].sort();
}

/** The notices that the licences of bundled packages ask to be passed on, as one text. */
export function thirdPartyNotices(packages: readonly string[]): string {
  return packages
    .map((directory) => {
      const { name, version, license } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'));
      const notices = readdirSync(directory).filter((file) => NOTICE_FILE.test(file));
      const text = notices.map((file) => readFileSync(join(directory, file), 'utf8').trim()).join('\n\n');
      return `${name} ${version} (${license})\n\n${text}\n`;
    })
    .join(`\n${'-'.repeat(80)}\n`);
}

if (import.meta.main) {
  const [entry, output] = process.argv.slice(2);
  if (entry === undefined || output === undefined || !existsSync(entry)) {
    process.stderr.write('usage: tools/bundle.ts ENTRY OUTPUT\n');
    process.exit(1);
  }
  await bundle(entry, output);
}
