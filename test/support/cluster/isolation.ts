import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  cgroupDirectories,
  identify,
  isAlive,
  logDirectory,
  type RunRecord,
  runDirectory,
  writeRecord,
} from './run-directory.ts';

/**
 * Process 1 of the cluster. It says its pid on the machine, then makes private what the cluster's programs write
 * outside their directory, and waits. `/sys` is not mounted anew: the cgroups would be gone.
 */
const INIT = `set -e
read -r pid rest </proc/self/stat
mount --make-rshared /
mount -t proc proc /proc
for directory in /run /var/lib/cni /var/log/containers /var/log/pods; do mount -t tmpfs -o mode=755 tmpfs $directory; done
ip link set lo up
echo 1 >/proc/sys/net/ipv4/ip_forward
for switch in /proc/sys/net/bridge/bridge-nf-call-iptables; do [ ! -e $switch ] || echo 1 >$switch; done
echo "$pid"
`;
const PRIVATE_DIRECTORIES = ['/var/lib/cni', '/var/log/containers', '/var/log/pods'];
const INIT_LIMIT_MILLIS = 20_000;
const END_LIMIT_MILLIS = 20_000;
/** Debian keeps system programs where a user's PATH does not lead. */
export const SYSTEM_PATH = `${process.env.PATH}:/usr/local/sbin:/usr/sbin:/sbin`;

/** 198.18.0.0/15 is for tests of networks (RFC 2544), so nothing real is behind it: 32,768 links of four addresses. */
const LINKS = 32_768;
const LINK_ATTEMPTS = 20;

export interface Isolation {
  readonly record: RunRecord;
  /** Starts a program inside; its output goes to `log/NAME.log`. It ends with the isolation at the latest. */
  start(name: string, program: string, parameters: readonly string[]): ChildProcess;
  /** The command line that runs a program inside. */
  enter(program: string, parameters: readonly string[]): readonly [string, readonly string[]];
  /** Ends all processes inside, and with them their mounts and interfaces. */
  end(): Promise<void>;
}

/** `tie`: everything inside ends with this process, however that ends. Otherwise it stays until it is ended. */
export interface IsolationOptions {
  readonly tie: boolean;
}

/**
 * Namespaces of processes, mounts and network of a cluster's own, joined to the machine's network by one link. Needs
 * root. Rejects with what the machine lacks.
 */
export async function isolate(id: string, { tie }: IsolationOptions): Promise<Isolation> {
  requireRoot();
  prepareCgroups(id);
  mkdirSync(logDirectory(id), { recursive: true });
  for (const directory of PRIVATE_DIRECTORIES) mkdirSync(directory, { recursive: true });
  const log = openSync(join(logDirectory(id), 'init.log'), 'a');
  const child = spawn(
    'unshare',
    [
      '--mount',
      '--net',
      '--pid',
      '--fork',
      '--kill-child=SIGKILL',
      'sh',
      '-c',
      `${INIT}${tie ? 'cat' : 'sleep infinity'} >/dev/null`,
    ],
    // Not in our process group: Ctrl-C reaches us alone, and we end the cluster.
    { stdio: [tie ? 'pipe' : 'ignore', 'pipe', log], detached: true, env: { ...process.env, PATH: SYSTEM_PATH } },
  );
  closeSync(log);
  const init = identify(await firstNumber(child, id));
  if (init === undefined)
    throw new Error(`the cluster's first process ended at once; see ${logDirectory(id)}/init.log`);
  for (const stream of [child.stdin, child.stdout]) {
    if (stream !== null && 'unref' in stream && typeof stream.unref === 'function') stream.unref();
  }
  child.unref();
  try {
    const record: RunRecord = { id, init, ...(await connect(init.pid)) };
    writeRecord(record);
    return isolationOf(record);
  } catch (error) {
    process.kill(init.pid, 'SIGKILL');
    throw error;
  }
}

/** Throws where we are not root. */
export function requireRoot(): void {
  if (process.getuid?.() !== 0) {
    throw new Error('a cluster on this machine needs root: it makes namespaces, mounts and cgroups');
  }
}

/** What `isolate` gave, in another process. */
export function isolationOf(record: RunRecord): Isolation {
  const enter: Isolation['enter'] = (program, parameters) => [
    'nsenter',
    ['--target', String(record.init.pid), '--mount', '--net', '--pid', '--', program, ...parameters],
  ];
  return {
    record,
    enter,
    start(name, program, parameters) {
      const output = openSync(join(logDirectory(record.id), `${name}.log`), 'a');
      const [entered, rest] = enter(program, parameters);
      const child = spawn(entered, rest, {
        stdio: ['ignore', output, output],
        detached: true,
        env: { ...process.env, PATH: SYSTEM_PATH },
      });
      closeSync(output);
      child.unref();
      return child;
    },
    async end() {
      const deadline = Date.now() + END_LIMIT_MILLIS;
      while (isAlive(record.init)) {
        process.kill(record.init.pid, 'SIGKILL');
        if (Date.now() > deadline) throw new Error(`process ${record.init.pid} of cluster ${record.id} does not end`);
        await sleep(50);
      }
    },
  };
}

function firstNumber(child: ChildProcess, id: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const fail = (why: string) =>
      reject(new Error(`the namespaces of a cluster cannot be made: ${why}; see ${logDirectory(id)}/init.log`));
    const limit = setTimeout(() => fail('it takes too long'), INIT_LIMIT_MILLIS);
    child.once('error', (error) => fail(error.message));
    child.once('exit', (code) => fail(`unshare ended with ${code}`));
    child.stdout?.once('data', (said: Buffer) => {
      clearTimeout(limit);
      child.removeAllListeners('exit');
      resolve(Number(said.toString()));
    });
  });
}

/** The kubelet puts its pods below a group that must be there. */
function prepareCgroups(id: string): void {
  const directories = cgroupDirectories(id);
  if (directories.length === 0) throw new Error('a cluster of our own needs cgroups, mounted in /sys/fs/cgroup');
  for (const directory of directories) mkdirSync(directory, { recursive: true });
}

/**
 * One end of a link for the machine, one for the cluster. A link's name tells its addresses, and the kernel allows each
 * name once: no two clusters get the same.
 */
async function connect(initPid: number): Promise<Pick<RunRecord, 'hostAddress' | 'nodeAddress'>> {
  for (let attempt = 1; ; attempt += 1) {
    const index = Math.floor(Math.random() * LINKS);
    const name = `dbaudit${index}`;
    const made = ip(['link', 'add', name, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', String(initPid)]);
    if (made.status !== 0) {
      if (attempt === LINK_ATTEMPTS || !made.stderr.includes('File exists')) {
        throw new Error(`a network link for the cluster cannot be made: ${made.stderr.trim()}`);
      }
      continue;
    }
    const address = (offset: number) => {
      const place = index * 4 + offset;
      return `198.${18 + (place >> 16)}.${(place >> 8) & 255}.${place & 255}`;
    };
    const [hostAddress, nodeAddress] = [address(1), address(2)];
    const inside = ['--target', String(initPid), '--net', '--', 'ip'];
    const environment = { env: { ...process.env, PATH: SYSTEM_PATH } };
    execFileSync('ip', ['address', 'add', `${hostAddress}/30`, 'dev', name], environment);
    execFileSync('ip', ['link', 'set', name, 'up'], environment);
    execFileSync('nsenter', [...inside, 'address', 'add', `${nodeAddress}/30`, 'dev', 'eth0'], environment);
    execFileSync('nsenter', [...inside, 'link', 'set', 'eth0', 'up'], environment);
    execFileSync('nsenter', [...inside, 'route', 'add', 'default', 'via', hostAddress], environment);
    return { hostAddress, nodeAddress };
  }
}

function ip(parameters: readonly string[]): { readonly status: number | null; readonly stderr: string } {
  return spawnSync('ip', parameters, { encoding: 'utf8', env: { ...process.env, PATH: SYSTEM_PATH } });
}

/** Overlay file systems do not stack: containerd then copies each layer. */
export function snapshotter(id: string): 'overlayfs' | 'native' {
  const { stdout } = spawnSync('stat', ['-f', '-c', '%T', runDirectory(id)], { encoding: 'utf8' });
  return stdout.trim() === 'overlayfs' && existsSync(runDirectory(id)) ? 'native' : 'overlayfs';
}
