import { cpSync, existsSync, mkdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fetchDuckdbExtension } from '../duckdb-extension.ts';
import { bundleWeb, WEB_DIRECTORY } from '../web-bundle.ts';
import type { Architecture } from './architecture.ts';
import { HOME } from './images.ts';

const RULES = 'collector/rules/builtin';
/** Debian's fonts-wqy-microhei: 5 MB, where Noto's are 20. */
const FONT = '/usr/share/fonts/truetype/wqy/wqy-microhei.ttc';
const PACKAGES = 'node_modules/@duckdb';
/** What the loader of DuckDB's bindings asks for; the bundle leaves all of it outside. */
const LOADER = ['node_modules/@duckdb/node-bindings', 'node_modules/detect-libc'];
const DUCKDB_ARCHITECTURES = { amd64: 'x64', arm64: 'arm64' } as const;

/** DuckDB's native library with its loader, as packages beside the bundle, and the extension that encrypts. */
export function stageDuckdb(architecture: Architecture, root: string, warn: (message: string) => void): string[] {
  const native = `${PACKAGES}/node-bindings-linux-${DUCKDB_ARCHITECTURES[architecture.name]}`;
  if (!existsSync(native)) {
    warn(`the image for ${architecture.name} has no store: ${native} is not installed`);
    return [];
  }
  const packages = [...LOADER, native].filter((directory) => existsSync(directory));
  for (const directory of packages) cpSync(directory, join(root, HOME, directory), { recursive: true });
  copyTree(fetchDuckdbExtension(architecture.name), join(root, HOME, 'duckdb-extensions'));
  return packages;
}

/** The built-in rules, where the bundle looks for them: beside itself. */
export function stageRules(root: string): void {
  copyTree(RULES, join(root, HOME, 'builtin'));
}

/** What Chinese texts in PDF are set with; Latin ones need none. */
export function stageFont(root: string, warn: (message: string) => void): void {
  if (existsSync(FONT)) cpSync(FONT, join(root, HOME, 'fonts', basename(FONT)));
  else warn(`the image has no font for PDF: ${FONT} is not installed`);
}

/** The page. */
export async function stageWeb(root: string): Promise<void> {
  await bundleWeb();
  copyTree(WEB_DIRECTORY, join(root, HOME, 'web'));
}

function copyTree(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  cpSync(from, to, { recursive: true });
}
