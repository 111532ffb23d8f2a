/**
 * `tools/krew/main.ts [PLATFORM...]` builds the plugin as single executables, packs them as krew wants them, and writes
 * the manifest and sums for the archives in build/krew: `kubectl krew install --manifest --archive` installs from there.
 */
import { copyFileSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { VERSION } from '../../contract/version.ts';
import { bundle, thirdPartyNotices } from '../bundle.ts';
import { fetchNode, PLATFORMS, type Platform } from '../node-binaries.ts';
import { archiveName, pack, sha256 } from './archive.ts';
import { buildExecutable } from './executable.ts';
import { renderManifest } from './manifest.ts';
import { signForMacos } from './signature.ts';

const OUTPUT = 'build/krew';
const BYTES_PER_MEGABYTE = 1_000_000;

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !PLATFORMS.some((platform) => platform === name));
if (unknown.length > 0) {
  process.stderr.write(`there is no platform ${unknown.join(', ')}; the platforms are ${PLATFORMS.join(', ')}\n`);
  process.exit(1);
}
mkdirSync(OUTPUT, { recursive: true });
const script = join(OUTPUT, 'kubectl-dbaudit.cjs');
const notices = thirdPartyNotices(await bundle('cmd/kubectl-dbaudit.ts', script, 'cjs'));
for (const platform of PLATFORMS) {
  if (asked.length > 0 && !asked.includes(platform)) continue;
  build(platform);
  describeArchives();
}

/** Sums and manifest of all archives that are there, those of earlier runs included. */
function describeArchives(): void {
  const archives = PLATFORMS.map((platform) => archiveName(VERSION, platform));
  const built = archives.filter((name) => existsSync(join(OUTPUT, name)));
  const sums = new Map(built.map((name) => [name, sha256(join(OUTPUT, name))]));
  writeFileSync(join(OUTPUT, 'SHA256SUMS'), [...sums].map(([name, sum]) => `${sum}  ${name}\n`).join(''));
  const template = readFileSync('krew/dbaudit.yaml', 'utf8');
  writeFileSync(
    join(OUTPUT, 'dbaudit.yaml'),
    renderManifest(template, VERSION, (name) => sums.get(name)),
  );
}

function build(platform: Platform): void {
  const directory = join(OUTPUT, platform);
  const program = platform.startsWith('windows') ? 'kubectl-dbaudit.exe' : 'kubectl-dbaudit';
  mkdirSync(directory, { recursive: true });
  buildExecutable(script, platform, join(directory, program), (message) => process.stderr.write(`${message}\n`));
  if (platform.startsWith('darwin')) signForMacos(join(directory, program));
  copyFileSync('LICENSE', join(directory, 'LICENSE'));
  const nodeLicence = readFileSync(fetchNode(platform).licence, 'utf8');
  writeFileSync(join(directory, 'THIRD-PARTY-NOTICES'), `Node.js\n\n${nodeLicence}\n${'-'.repeat(80)}\n${notices}`);
  const archive = join(OUTPUT, archiveName(VERSION, platform));
  pack(directory, [program, 'LICENSE', 'THIRD-PARTY-NOTICES'], archive);
  process.stdout.write(`${archive}: ${(statSync(archive).size / BYTES_PER_MEGABYTE).toFixed(1)} MB\n`);
}
