/**
 * Go for what the cluster tests compile. Kubernetes 1.34 wants 1.24; Debian 12 has 1.19, which cannot fetch a newer
 * one by itself, so one release of the toolchain is taken from the Go module proxy, where each is a zip file.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './run.ts';

const MINIMUM_MINOR = 24;
const RELEASE = '1.26.8';
/** Of the zip files as the proxy serves them. */
const SHA256: Readonly<Record<string, string>> = {
  amd64: '30c2b1bf7dcc88d3eb0a1364e47ddd9128edb3110a30e8a0ef61cd5856b31de7',
  arm64: '02b36b6787b3ac767668f630e2998df45a3b1f9ffee08d1bf3ef6487cd658d99',
};
const DEFAULT_PROXY = 'https://proxy.golang.org';
const DOWNLOAD_LIMIT_SECONDS = 600;
const FETCHED = 'build/go';

/** The `go` program to run: the one on PATH where it is new enough, else one fetched into `build/`. */
export function goProgram(): string {
  if (isNewEnough('go')) return 'go';
  const fetched = join(FETCHED, RELEASE, 'bin/go');
  if (!existsSync(fetched)) fetchRelease();
  return fetched;
}

function isNewEnough(program: string): boolean {
  const { stdout, status } = spawnSync(program, ['env', 'GOVERSION'], { encoding: 'utf8' });
  const minor = status === 0 ? /^go1\.(\d+)/.exec(stdout)?.[1] : undefined;
  return minor !== undefined && Number(minor) >= MINIMUM_MINOR;
}

/** Go's own list of proxies, the first that is one; an old `go` knows what its user configured. */
function proxy(): string {
  const configured =
    process.env.GOPROXY || spawnSync('go', ['env', 'GOPROXY'], { encoding: 'utf8' }).stdout?.trim() || DEFAULT_PROXY;
  return configured.split(/[,|]/).find((entry) => entry.startsWith('http')) ?? DEFAULT_PROXY;
}

function fetchRelease(): void {
  const architecture = process.arch === 'x64' ? 'amd64' : process.arch;
  const expected = SHA256[architecture];
  if (process.platform !== 'linux' || expected === undefined) {
    throw new Error(`Go 1.${MINIMUM_MINOR} or later is not on PATH; install it from https://go.dev/dl`);
  }
  const work = join(FETCHED, `${RELEASE}.${process.pid}.part`);
  mkdirSync(work, { recursive: true });
  try {
    const version = `v0.0.1-go${RELEASE}.linux-${architecture}`;
    const archive = join(work, 'toolchain.zip');
    run('curl', [
      '-fsSL',
      '--retry',
      '3',
      '--max-time',
      String(DOWNLOAD_LIMIT_SECONDS),
      '-o',
      archive,
      `${proxy()}/golang.org/toolchain/@v/${version}.zip`,
    ]);
    const found = createHash('sha256').update(readFileSync(archive)).digest('hex');
    if (found !== expected)
      throw new Error(`Go ${RELEASE} from the module proxy has SHA-256 ${found}, not ${expected}`);
    run('unzip', ['-q', archive, '-d', work]);
    const root = join(work, `golang.org/toolchain@${version}`);
    for (const directory of ['bin', `pkg/tool/linux_${architecture}`]) makeExecutable(join(root, directory));
    renameSync(root, join(FETCHED, RELEASE));
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Module zips carry no modes. */
function makeExecutable(directory: string): void {
  if (!existsSync(directory)) return;
  for (const file of readdirSync(directory)) chmodSync(join(directory, file), 0o755);
}
