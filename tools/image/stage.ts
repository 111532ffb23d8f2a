import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { bundle, thirdPartyNotices } from '../bundle.ts';
import { fetchNode, HOST_PLATFORM, slimNode } from '../node-binaries.ts';
import { isInstalled, run } from '../run.ts';
import type { Architecture } from './architecture.ts';
import { stageDuckdb, stageFont, stageRules, stageWeb } from './collector-files.ts';
import { HOME, type Image, NONROOT, stagedRoot } from './images.ts';
import { libraryCopyright, programLibraries } from './libraries.ts';

/** For hangs alone. */
const WARM_UP_LIMIT_MILLIS = 60_000;
const PASSWD = `root:x:0:0:root:/:/sbin/nologin\nnonroot:x:${NONROOT}:${NONROOT}:nonroot:/:/sbin/nologin\n`;
const GROUP = `root:x:0:\nnonroot:x:${NONROOT}:\n`;

/** Puts together what an image of one architecture contains; it appears whole or not at all. */
export async function stage(image: Image, architecture: Architecture, warn: (message: string) => void): Promise<void> {
  const root = stagedRoot(image, architecture.name);
  const work = `${root}.${process.pid}.part`;
  rmSync(work, { recursive: true, force: true });
  mkdirSync(join(work, HOME), { recursive: true });
  try {
    stageNode(architecture, work, warn);
    const duckdb = image.needs.includes('duckdb') ? stageDuckdb(architecture, work, warn) : [];
    await stageBundles(image, work, duckdb);
    if (image.needs.includes('capture')) stageAddon(architecture, work, warn);
    if (image.needs.includes('rules')) stageRules(work);
    if (image.needs.includes('web')) await stageWeb(work);
    if (image.needs.includes('font')) stageFont(work, warn);
    write(work, 'etc/passwd', PASSWD);
    write(work, 'etc/group', GROUP);
    // Without it glibc asks DNS for localhost before it looks into /etc/hosts.
    write(work, 'etc/nsswitch.conf', 'hosts: files dns\n');
    mkdirSync(join(work, 'tmp'));
    chmodSync(join(work, 'tmp'), 0o1777);
    stageCompileCache(image, architecture, work, warn);
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

/** `beside`: packages that are there as they are. */
async function stageBundles({ entries }: Image, root: string, beside: readonly string[]): Promise<void> {
  const packages = new Set(beside);
  for (const [name, entry] of Object.entries(entries)) {
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
 * Lets Node keep what it compiles of the bundles: of the agent as root, of the others as they run, since Node keeps
 * compiled code by uid. Only root may change its root directory, and only Node of this machine's own kind runs here; an
 * image without the cache starts slower and is else the same.
 */
function stageCompileCache(
  image: Image,
  architecture: Architecture,
  root: string,
  warn: (message: string) => void,
): void {
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
  for (const { user, parameters, expected } of image.warmUps) start(user, parameters, expected);
  // Builders give every file to root, and programs that are not must still read their own.
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
