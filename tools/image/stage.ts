import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { bundle, thirdPartyNotices } from '../bundle.ts';
import { fetchNode, HOST_PLATFORM, slimNode } from '../node-binaries.ts';
import { isInstalled, run } from '../run.ts';
import { type Architecture, stagedRoot } from './architecture.ts';
import { libraryCopyright, programLibraries } from './libraries.ts';

const HOME = 'opt/dbaudit';
const ENTRIES = { 'dbaudit-agent': 'agent/main.ts', 'dbaudit-webhook': 'webhook/main.ts' } as const;
/** For hangs alone. */
const WARM_UP_LIMIT_MILLIS = 60_000;
const NONROOT = 65_532;
const PASSWD = `root:x:0:0:root:/:/sbin/nologin\nnonroot:x:${NONROOT}:${NONROOT}:nonroot:/:/sbin/nologin\n`;
const GROUP = `root:x:0:\nnonroot:x:${NONROOT}:\n`;

/** Puts together what the image of one architecture contains; it appears whole or not at all. */
export async function stage(architecture: Architecture, warn: (message: string) => void): Promise<void> {
  const root = stagedRoot(architecture);
  const work = `${root}.${process.pid}.part`;
  rmSync(work, { recursive: true, force: true });
  mkdirSync(join(work, HOME), { recursive: true });
  try {
    stageNode(architecture, work, warn);
    await stageBundles(work);
    stageAddon(architecture, work, warn);
    write(work, 'etc/passwd', PASSWD);
    write(work, 'etc/group', GROUP);
    // Without it glibc asks DNS for localhost before it looks into /etc/hosts.
    write(work, 'etc/nsswitch.conf', 'hosts: files dns\n');
    mkdirSync(join(work, 'tmp'));
    chmodSync(join(work, 'tmp'), 0o1777);
    stageCompileCache(architecture, work, warn);
    rmSync(root, { recursive: true, force: true });
    renameSync(work, root);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function stageNode(architecture: Architecture, root: string, warn: (message: string) => void): void {
  const { program, licence } = fetchNode(architecture.platform);
  copy(slimNode(architecture.platform, warn), join(root, 'bin/node'), 0o755);
  copy(licence, join(root, 'usr/share/doc/node/LICENSE'));
  const { interpreter, libraries } = programLibraries(program, architecture);
  copy(interpreter.file, join(root, interpreter.path), 0o755);
  for (const [name, file] of libraries) {
    copy(file, join(root, 'lib', architecture.triplet, name));
    const copyright = libraryCopyright(file);
    if (copyright !== undefined) copy(copyright.file, join(root, 'usr/share/doc', copyright.name, 'copyright'));
  }
}

async function stageBundles(root: string): Promise<void> {
  const packages = new Set<string>();
  for (const [name, entry] of Object.entries(ENTRIES)) {
    const output = join(root, HOME, `${name}.mjs`);
    for (const used of await bundle(entry, output)) packages.add(used);
  }
  copy('LICENSE', join(root, HOME, 'LICENSE'));
  write(root, join(HOME, 'THIRD-PARTY-NOTICES'), thirdPartyNotices([...packages].sort()));
}

/** Without the addon the agent looks for tcpdump, which the image does not have: it would say that it is blind. */
function stageAddon(architecture: Architecture, root: string, warn: (message: string) => void): void {
  const addon = join(root, HOME, 'afpacket.node');
  const isNative = architecture.platform === HOST_PLATFORM;
  const compiler = isNative ? 'cc' : `${architecture.triplet}-gcc`;
  if (!isInstalled(compiler)) {
    warn(`the image for ${architecture.name} has no packet capture: ${compiler} is not installed`);
    return;
  }
  const built = isNative ? 'build/native/afpacket.node' : `build/native/afpacket-${architecture.name}.node`;
  run('tools/build-native.sh', [built], { environment: { CC: compiler } });
  copy(built, addon, 0o755);
}

/**
 * Lets Node keep what it compiles of the bundles: of the agent as root, of the injector as it runs, since Node keeps
 * compiled code by uid. Only root may change its root directory, and only Node of this machine's own kind runs here; an
 * image without the cache starts slower and is else the same.
 */
function stageCompileCache(architecture: Architecture, root: string, warn: (message: string) => void): void {
  const cache = join(root, HOME, 'compile-cache');
  mkdirSync(cache);
  if (architecture.platform !== HOST_PLATFORM || process.getuid?.() !== 0) {
    warn(
      `the image for ${architecture.name} has no compiled code: it is made as root on a machine of that architecture`,
    );
    return;
  }
  chmodSync(cache, 0o777);
  const start = (user: number, parameters: readonly string[], expected: string) => {
    const { stdout, stderr } = spawnSync('chroot', [`--userspec=${user}:${user}`, root, '/bin/node', ...parameters], {
      encoding: 'utf8',
      timeout: WARM_UP_LIMIT_MILLIS,
      env: { ...process.env, NODE_COMPILE_CACHE: `/${HOME}/compile-cache` },
    });
    if (!`${stdout}${stderr}`.includes(expected)) {
      throw new Error(`${parameters.join(' ')} does not run in the staged root: ${stdout}${stderr}`);
    }
  };
  start(0, ['--optimize-for-size', `/${HOME}/dbaudit-agent.mjs`, 'run', '--print-config'], 'capture:');
  // It looks at its environment once all of it is loaded, and ends.
  start(NONROOT, [`/${HOME}/dbaudit-webhook.mjs`], 'DBAUDIT_NAMESPACE');
  // Builders give every file to root, and the injector must still read its own.
  run('chown', ['-R', '0:0', cache]);
  run('chmod', ['-R', 'u=rwX,go=rX', cache]);
}

function copy(from: string, to: string, mode = 0o644): void {
  mkdirSync(dirname(to), { recursive: true });
  cpSync(from, to);
  chmodSync(to, mode);
}

function write(root: string, path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}
