import { type ChildProcess, execFile, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { BINARIES, binary } from './binaries.ts';
import {
  apiServer,
  type Component,
  type ControlPlaneOptions,
  controllerManager,
  etcd,
  NODE_NAME,
  scheduler,
  writeIdentities,
} from './control-plane.ts';
import { type Isolation, isolate, isolationOf, requireRoot, SYSTEM_PATH, snapshotter } from './isolation.ts';
import { CONTAINERD_SOCKET, containerd, dns, kubelet, proxy, SANDBOX_IMAGE } from './node.ts';
import {
  keepLogs,
  kubeconfigOf,
  logDirectory,
  type RunRecord,
  readRecord,
  removeLeftovers,
  removeRun,
  runDirectory,
} from './run-directory.ts';
import { StagedRoot } from './staged-root.ts';
import { type ClusterBackend, TestCluster } from './test-cluster.ts';

const run = promisify(execFile);

const START_LIMIT_MILLIS = 120_000;
const POLL_MILLIS = 100;
const LOG_LINES = 8;
const FAILURE_LINES = 20;

export interface OwnClusterOptions extends Partial<ControlPlaneOptions> {
  /** The cluster ends with this process, however that ends. Otherwise it stays up until it is stopped. */
  readonly tie: boolean;
}

/** A cluster of one node that runs on this machine. */
export interface OwnCluster {
  readonly id: string;
  readonly cluster: TestCluster;
  /** Ends it and removes all it wrote; with `keepLogs`, its logs stay and their directory is returned. */
  stop(options?: { readonly keepLogs?: boolean }): Promise<string | undefined>;
}

/** Policies that mutate are behind a gate in 1.34. */
const DEFAULTS: ControlPlaneOptions = {
  featureGates: { MutatingAdmissionPolicy: true },
  servedApis: ['admissionregistration.k8s.io/v1beta1'],
};

/**
 * Brings up etcd, API server, controllers, scheduler, containerd, kubelet, proxy and DNS in namespaces of their own, in
 * about ten seconds. Needs root, cgroups, the packages of `tools/install-packages.sh cluster` and what
 * `tools/prepare-cluster.ts` builds; rejects with what is missing, or with the log of what does not start.
 */
export async function startCluster(options: OwnClusterOptions): Promise<OwnCluster> {
  if (!existsSync(binary('kube-apiserver'))) throw new Error(`${BINARIES} is not built; run tools/prepare-cluster.ts`);
  requireRoot();
  await removeLeftovers();
  const id = `${Date.now().toString(36)}-${randomBytes(2).toString('hex')}`;
  mkdirSync(runDirectory(id), { recursive: true });
  let isolation: Isolation | undefined;
  try {
    isolation = await isolate(id, options);
    await new Start(isolation).run({ ...DEFAULTS, ...options });
    return ownCluster(isolation);
  } catch (error) {
    await isolation?.end();
    const logs = keepLogs(id);
    await removeRun(id);
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`no cluster could be brought up: ${reason}\nlogs: ${logs}`);
  }
}

/** A cluster that another process on this checkout started; undefined where it is not up. */
export function runningCluster(id: string): OwnCluster | undefined {
  const record = readRecord(id);
  return record === undefined ? undefined : ownCluster(isolationOf(record));
}

function ownCluster(isolation: Isolation): OwnCluster {
  const { record } = isolation;
  const { id } = record;
  return {
    id,
    cluster: new TestCluster(backend(isolation, record)),
    async stop({ keepLogs: keep = false } = {}) {
      await isolation.end();
      const logs = keep ? keepLogs(id) : undefined;
      await removeRun(id);
      return logs;
    },
  };
}

function backend(isolation: Isolation, record: RunRecord): ClusterBackend {
  return {
    description: `cluster ${record.id} of this machine`,
    kubeconfig: kubeconfigOf(record.id),
    hostAddress: record.hostAddress,
    logTail: () => logTail(record.id),
    async loadImage(archive) {
      const [program, parameters] = containerdClient(isolation, ['images', 'import', archive]);
      await run(program, parameters, { env: { ...process.env, PATH: SYSTEM_PATH } });
    },
  };
}

function containerdClient(isolation: Isolation, parameters: readonly string[]): readonly [string, readonly string[]] {
  return isolation.enter('ctr', ['--address', CONTAINERD_SOCKET, '--namespace', 'k8s.io', ...parameters]);
}

function logTail(id: string): string {
  const directory = logDirectory(id);
  const files = existsSync(directory) ? readdirSync(directory) : [];
  return files
    .filter((file) => file.endsWith('.log') && file !== 'audit.log')
    .map((file) => `== ${file}\n${lastLines(join(directory, file), LOG_LINES)}`)
    .join('\n');
}

function lastLines(file: string, count: number): string {
  return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-count).join('\n');
}

/** The order in which the parts of a cluster come up. */
class Start {
  readonly #isolation: Isolation;
  readonly #processes = new Map<string, ChildProcess>();

  constructor(isolation: Isolation) {
    this.#isolation = isolation;
  }

  async run(options: ControlPlaneOptions): Promise<void> {
    const { id, nodeAddress } = this.#isolation.record;
    this.#start(containerd(id, snapshotter(id)));
    this.#start(etcd(id));
    writeIdentities(id, nodeAddress);
    this.#start(apiServer(id, nodeAddress, options));
    await this.#until('containerd', () => this.#succeeds(containerdClient(this.#isolation, ['version'])));
    await new TestCluster(backend(this.#isolation, this.#isolation.record)).importImage({
      reference: SANDBOX_IMAGE,
      root: new StagedRoot(join(runDirectory(id), 'busybox')).path,
      configuration: { Env: ['PATH=/bin'], Entrypoint: ['/bin/tail', '-f', '/dev/null'] },
    });
    await this.#until('kube-apiserver', () => this.#kubectl('get', '--raw', '/readyz'));
    this.#start(controllerManager(id));
    this.#start(scheduler(id));
    this.#start(kubelet(id, nodeAddress));
    this.#start(proxy(id));
    this.#start(dns(id, nodeAddress));
    const node = ['wait', '--for=condition=Ready', `node/${NODE_NAME}`, '--timeout=5s'];
    await this.#until('kubelet', () => this.#kubectl(...node));
    await this.#until('kube-controller-manager', () => this.#kubectl('get', 'serviceaccount', 'default'));
  }

  #start({ name, program, flags }: Component): void {
    this.#processes.set(name, this.#isolation.start(name, program, flags));
  }

  async #until(name: string, probe: () => boolean): Promise<void> {
    const deadline = Date.now() + START_LIMIT_MILLIS;
    while (!probe()) {
      for (const [other, { exitCode, signalCode }] of this.#processes) {
        if (exitCode !== null || signalCode !== null)
          throw this.#failure(other, `ended with ${exitCode ?? signalCode}`);
      }
      if (Date.now() > deadline) throw this.#failure(name, `is not ready after ${START_LIMIT_MILLIS / 1000} s`);
      await sleep(POLL_MILLIS);
    }
  }

  #failure(name: string, what: string): Error {
    const log = join(logDirectory(this.#isolation.record.id), `${name}.log`);
    return new Error(`${name} ${what}\n${lastLines(log, FAILURE_LINES)}`);
  }

  #kubectl(...parameters: readonly string[]): boolean {
    return this.#succeeds([
      binary('kubectl'),
      ['--kubeconfig', kubeconfigOf(this.#isolation.record.id), ...parameters],
    ]);
  }

  #succeeds([program, parameters]: readonly [string, readonly string[]]): boolean {
    return spawnSync(program, parameters, { stdio: 'ignore', env: { ...process.env, PATH: SYSTEM_PATH } }).status === 0;
  }
}
