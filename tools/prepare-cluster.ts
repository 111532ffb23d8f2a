/**
 * Builds what the cluster tests run, into `build/cluster/bin`: a whole Kubernetes in one program, DNS for it, Helm and
 * krew. Each is built once for its sources (`build/cluster/store/NAME-HASH`); a link to it appears when it is complete.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { join, relative } from 'node:path';
import {
  BINARIES,
  HELM_VERSION,
  KREW_VERSION,
  KUBE_PROGRAMS,
  KUBERNETES_VERSION,
} from '../test/support/cluster/binaries.ts';
import { goProgram } from './go-toolchain.ts';

const SOURCES = 'test/support/cluster';
const STORE = 'build/cluster/store';
const MILLIS_PER_SECOND = 1000;

interface Program {
  readonly name: string;
  /** Built within `SOURCES`/name, whose go.mod pins all versions. */
  readonly package: string;
  /** `package.variable=value` for the linker: programs that are not released by their own scripts know no version. */
  readonly variables: readonly string[];
  /** Further names; the program acts by the one it is called with. */
  readonly aliases: readonly string[];
}

const [major, minor] = KUBERNETES_VERSION.slice(1).split('.');
const BUILT: readonly Program[] = [
  {
    name: 'kube',
    package: '.',
    variables: [
      `k8s.io/component-base/version.gitVersion=${KUBERNETES_VERSION}`,
      `k8s.io/component-base/version.gitMajor=${major}`,
      `k8s.io/component-base/version.gitMinor=${minor}`,
      `k8s.io/client-go/pkg/version.gitVersion=${KUBERNETES_VERSION}`,
    ],
    aliases: KUBE_PROGRAMS,
  },
  { name: 'coredns', package: '.', variables: [], aliases: [] },
  {
    name: 'helm',
    package: 'helm.sh/helm/v3/cmd/helm',
    variables: [`helm.sh/helm/v3/internal/version.version=${HELM_VERSION}`],
    aliases: [],
  },
  {
    name: 'krew',
    package: 'sigs.k8s.io/krew/cmd/krew',
    variables: [`sigs.k8s.io/krew/internal/version.gitTag=${KREW_VERSION}`],
    aliases: [],
  },
];

mkdirSync(BINARIES, { recursive: true });
mkdirSync(STORE, { recursive: true });
let go: string | undefined;
for (const program of BUILT) {
  const stored = join(STORE, `${program.name}-${fingerprint(program)}`);
  const started = Date.now();
  const ready = existsSync(stored);
  if (!ready) {
    go ??= goProgram();
    console.log(`${program.name}: building, minutes the first time`);
    compile(go, program, stored);
  }
  for (const name of [program.name, ...program.aliases]) link(name, stored);
  removeOlder(program, stored);
  console.log(
    `${program.name}: ready${ready ? '' : `, built in ${Math.round((Date.now() - started) / MILLIS_PER_SECOND)} s`}`,
  );
}

function fingerprint(program: Program): string {
  const hash = createHash('sha256').update(JSON.stringify(program)).update(process.arch);
  const sources = join(SOURCES, program.name);
  for (const file of readdirSync(sources).sort()) hash.update(file).update(readFileSync(join(sources, file)));
  return hash.digest('hex').slice(0, 16);
}

function compile(go: string, program: Program, stored: string): void {
  const unfinished = join(process.cwd(), `${stored}.${process.pid}.part`);
  const flags = ['-s', '-w', ...program.variables.flatMap((variable) => ['-X', variable])];
  const { status, error } = spawnSync(
    go.includes('/') ? join(process.cwd(), go) : go,
    [
      'build',
      '-mod=readonly',
      '-buildvcs=false',
      '-trimpath',
      '-ldflags',
      flags.join(' '),
      '-o',
      unfinished,
      program.package,
    ],
    {
      cwd: join(SOURCES, program.name),
      // Static programs run in any image. A go.mod of this repository never asks for a newer Go than goProgram gives.
      env: { ...process.env, CGO_ENABLED: '0', GOTOOLCHAIN: 'local' },
      stdio: ['ignore', 'inherit', 'inherit'],
    },
  );
  if (status !== 0) {
    rmSync(unfinished, { force: true });
    throw new Error(`${program.name} could not be built: ${error?.message ?? `go build ended with ${status}`}`);
  }
  renameSync(unfinished, stored);
}

/** Replaces a link in one step, so that a test that runs at the same time finds the old program or the new. */
function link(name: string, stored: string): void {
  const path = join(BINARIES, name);
  const next = `${path}.${process.pid}.part`;
  symlinkSync(relative(BINARIES, stored), next);
  renameSync(next, path);
}

function removeOlder(program: Program, stored: string): void {
  const older = new RegExp(`^${program.name}-[0-9a-f]{16}$`);
  for (const file of readdirSync(STORE)) {
    if (older.test(file) && join(STORE, file) !== stored) rmSync(join(STORE, file));
  }
}
