import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { type BuildOptions, build } from 'esbuild';

/** What a browser of the last two years understands; `light-dark()` in the style sheets asks for no less. */
const TARGETS = ['chrome123', 'firefox120', 'safari17.5'];
const SOURCE = 'collector/web';
export const WEB_DIRECTORY = 'build/web';

const OPTIONS = {
  entryPoints: [`${SOURCE}/main.tsx`, `${SOURCE}/styles/main.css`, `${SOURCE}/icon.svg`],
  loader: { '.svg': 'copy' },
  bundle: true,
  minify: true,
  format: 'esm',
  platform: 'browser',
  target: TARGETS,
  jsx: 'automatic',
  jsxImportSource: 'preact',
  // The page's policy forbids code made from texts; zod would try once, and browsers report each try. https://zod.dev/api#configuration
  banner: { js: 'globalThis.__zod_globalConfig??={jitless:true};' },
  /** Charts are fetched when the first one is shown. */
  splitting: true,
  entryNames: '[name]-[hash]',
  chunkNames: '[name]-[hash]',
  legalComments: 'none',
  logLevel: 'warning',
  metafile: true,
} as const satisfies BuildOptions;

/**
 * Writes the collector's page: `index.html`, which is never cached, and `assets/`, whose names change with their content.
 * @returns the directories of the packages whose code is in it, sorted
 */
export async function bundleWeb(directory = WEB_DIRECTORY): Promise<string[]> {
  // Two commands may build at the same time; each renames a whole directory into place.
  const unfinished = `${directory}.${process.pid}.tmp`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(join(unfinished, 'assets'), { recursive: true });
  const { metafile } = await build({ ...OPTIONS, outdir: join(unfinished, 'assets') });
  const names = readdirSync(join(unfinished, 'assets'));
  let page = readFileSync(`${SOURCE}/index.html`, 'utf8');
  for (const [name, pattern] of [
    ['main.js', /^main-\w+\.js$/],
    ['main.css', /^main-\w+\.css$/],
    ['icon.svg', /^icon-\w+\.svg$/],
  ] as const) {
    const built = names.find((candidate) => pattern.test(candidate));
    if (built === undefined) throw new Error(`esbuild made no ${name}`);
    page = page.replace(`/assets/${name}`, `/assets/${built}`);
  }
  writeFileSync(join(unfinished, 'index.html'), page);
  rmSync(directory, { recursive: true, force: true });
  renameSync(unfinished, directory);
  const packages = Object.keys(metafile.inputs).flatMap(
    (file) => /^.*\bnode_modules\/(?:@[^/]+\/)?[^/]+/.exec(file) ?? [],
  );
  return [...new Set(packages)].sort();
}

/** Bytes of each asset as a browser fetches it. */
function compressedSizes(directory: string): readonly [name: string, bytes: number][] {
  const assets = join(directory, 'assets');
  return readdirSync(assets).map((name) => [basename(name), gzipSync(readFileSync(join(assets, name))).length]);
}

if (import.meta.main) {
  await bundleWeb();
  for (const [name, bytes] of compressedSizes(WEB_DIRECTORY)) process.stdout.write(`${name} ${bytes} bytes gzipped\n`);
}
