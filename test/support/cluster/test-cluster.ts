import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { BINARIES } from './binaries.ts';
import { type ImageSource, packImage } from './images.ts';

const WAIT_LIMIT_MILLIS = 120_000;
const POLL_MILLIS = 250;
/** A command that hangs longer than any of ours may take. */
const COMMAND_LIMIT_MILLIS = 300_000;

/** What a kind of cluster must be able to do; `TestCluster` is the same on all. */
export interface ClusterBackend {
  readonly description: string;
  readonly kubeconfig: string;
  /** An address of this machine that the API server and pods reach; undefined where there may be none. */
  readonly hostAddress?: string;
  /** Makes the images of a file in the form of `docker save` known to the nodes. */
  loadImage(archive: string): Promise<void>;
  /** The last lines of what the cluster's own programs said. */
  logTail(): string;
}

export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  readonly stdin?: string;
  readonly environment?: NodeJS.ProcessEnv;
  readonly timeoutMillis?: number;
}

/** A Kubernetes cluster to test on, as administrator. */
export class TestCluster {
  readonly #backend: ClusterBackend;

  constructor(backend: ClusterBackend) {
    this.#backend = backend;
  }

  get description(): string {
    return this.#backend.description;
  }

  get kubeconfig(): string {
    return this.#backend.kubeconfig;
  }

  /** Where a listener of the test itself is reached from the API server and from pods. Rejects where there is none. */
  get hostAddress(): string {
    const address = this.#backend.hostAddress;
    if (address === undefined) throw new Error(`${this.description} may not reach this machine`);
    return address;
  }

  /** For a child process: KUBECONFIG, and a PATH on which `kubectl`, `helm` and `krew` are ours. */
  get environment(): NodeJS.ProcessEnv {
    return { ...process.env, KUBECONFIG: this.kubeconfig, PATH: `${BINARIES}:${process.env.PATH}` };
  }

  /** Runs a program in `environment` and gives what it said, whatever it ended with. */
  run(program: string, parameters: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
    return new Promise((resolve, reject) => {
      const child = spawn(program, parameters, {
        env: { ...this.environment, ...options.environment },
        timeout: options.timeoutMillis ?? COMMAND_LIMIT_MILLIS,
        killSignal: 'SIGKILL',
      });
      const said = { stdout: '', stderr: '' };
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        said.stdout += text;
      });
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        said.stderr += text;
      });
      child.once('error', reject);
      child.once('close', (code) => resolve({ code, ...said }));
      // It may end without having read all.
      child.stdin.on('error', () => {});
      child.stdin.end(options.stdin ?? '');
    });
  }

  /** The standard output of `kubectl`. Rejects with what it said where it ends with anything but 0. */
  async kubectl(parameters: readonly string[], stdin?: string): Promise<string> {
    const { code, stdout, stderr } = await this.run('kubectl', parameters, stdin === undefined ? {} : { stdin });
    if (code !== 0)
      throw new Error(`kubectl ${parameters.join(' ')} ended with ${code}: ${stderr.trim() || stdout.trim()}`);
    return stdout;
  }

  /** `kubectl apply` of YAML or JSON documents; in `namespace` where they name none. */
  async apply(manifests: string, namespace = 'default'): Promise<void> {
    await this.kubectl(['apply', '--namespace', namespace, '--filename', '-'], manifests);
  }

  /** A namespace of the test's own, whose service account is there. Its name is `prefix` and something random. */
  async createNamespace(prefix: string, labels: Readonly<Record<string, string>> = {}): Promise<string> {
    const name = `${prefix}-${randomBytes(3).toString('hex')}`;
    await this.apply(JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } }));
    await this.waitFor(`service account of ${name}`, async () => {
      const { code } = await this.run('kubectl', ['get', 'serviceaccount', 'default', '-n', name]);
      return code === 0;
    });
    return name;
  }

  /** Does not wait until all in it has ended. */
  async deleteNamespace(name: string): Promise<void> {
    await this.kubectl(['delete', 'namespace', name, '--wait=false', '--ignore-not-found']);
  }

  /**
   * Asks `probe` until it gives something else than false or undefined, and gives that. Rejects after `limitMillis` with
   * what `probe` last threw, the pods, the latest events and the last lines of the cluster's logs.
   */
  async waitFor<T>(
    description: string,
    probe: () => Promise<T | false | undefined>,
    limitMillis = WAIT_LIMIT_MILLIS,
  ): Promise<T> {
    const deadline = Date.now() + limitMillis;
    let thrown: unknown;
    for (;;) {
      try {
        const found = await probe();
        if (found !== false && found !== undefined) return found;
        thrown = undefined;
      } catch (error) {
        thrown = error;
      }
      if (Date.now() > deadline) break;
      await sleep(POLL_MILLIS);
    }
    const last = thrown === undefined ? '' : `\nlast error: ${thrown instanceof Error ? thrown.message : thrown}`;
    throw new Error(`waited ${limitMillis / 1000} s for ${description}${last}\n${await this.situation()}`);
  }

  /** Waits until `kubectl wait` reports a condition, such as `Ready`, for what `target` names: `pod/db`, `deployment/web`. */
  async waitForCondition(target: string, condition: string, namespace = 'default'): Promise<void> {
    await this.waitFor(`${target} in ${namespace} to be ${condition}`, async () => {
      const parameters = ['wait', '-n', namespace, `--for=condition=${condition}`, target, '--timeout=5s'];
      const { code, stderr } = await this.run('kubectl', parameters);
      if (code !== 0) throw new Error(stderr.trim());
      return true;
    });
  }

  /** Imports what `packImage` makes. */
  async importImage(source: ImageSource): Promise<void> {
    await packImage(source, (archive) => this.loadImage(archive));
  }

  /** Imports a file in the form of `docker save`; its images keep their names. */
  async loadImage(archive: string): Promise<void> {
    await this.#backend.loadImage(archive);
  }

  /** What someone wants to see who must find out why a test failed. */
  async situation(): Promise<string> {
    const ask = async (...parameters: readonly string[]) => {
      const { stdout, stderr } = await this.run('kubectl', parameters, { timeoutMillis: 10_000 });
      return (stdout || stderr).trimEnd();
    };
    const events = await ask('get', 'events', '-A', '--sort-by=.metadata.creationTimestamp');
    return [
      await ask('get', 'pods', '-A', '-o', 'wide'),
      events.split('\n').slice(-EVENTS_SHOWN).join('\n'),
      this.#backend.logTail(),
    ].join('\n\n');
  }
}

const EVENTS_SHOWN = 25;
