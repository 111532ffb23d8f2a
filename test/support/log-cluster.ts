import { PassThrough, type Readable } from 'node:stream';
import type { KubernetesObject, LogOptions } from '../../cmd/kubernetes/cluster.ts';
import { AGENT_CONTAINER, INJECTED_LABEL } from '../../contract/labels.ts';
import { UserError } from '../../contract/user-error.ts';
import { FakeCluster } from './fake-cluster.ts';

interface ContainerLog {
  lines: { readonly at: number; readonly text: string }[];
  /** Of the container before the last restart. */
  previous: { readonly at: number; readonly text: string }[];
  readonly followers: Set<PassThrough>;
}

export interface PodOptions {
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly ip?: string;
  readonly uid?: string;
}

/** A cluster whose agents’ logs grow, as the kubelet serves them: `follow`, `sinceSeconds`, `tailLines`, `previous`. */
export class LogCluster extends FakeCluster {
  readonly #logs = new Map<string, ContainerLog>();
  /** Every request for a log, as `NAMESPACE/POD options`. */
  readonly requests: string[] = [];
  /** Requests for logs fail with it. */
  refusal: UserError | undefined;

  addPod(name: string, { namespace = 'shop', labels = {}, ip, uid = name }: PodOptions = {}): void {
    this.objects = [...this.objects, pod({ name, namespace, labels, ip, uid, restartCount: 0 })];
  }

  removePod(name: string, namespace = 'shop'): void {
    this.objects = this.objects.filter(({ metadata }) => metadata.name !== name || metadata.namespace !== namespace);
    this.cut(name, namespace);
    this.#logs.delete(`${namespace}/${name}`);
  }

  /** The agent’s container ends and another one begins. */
  restartAgent(name: string, namespace = 'shop'): void {
    const log = this.#log(`${namespace}/${name}`);
    log.previous = log.lines;
    log.lines = [];
    this.objects = this.objects.map((object) => {
      const { metadata } = object;
      if (metadata.name !== name || metadata.namespace !== namespace) return object;
      return pod({ name, namespace, labels: {}, ip: undefined, uid: metadata.uid ?? name, restartCount: 1 });
    });
    this.cut(name, namespace);
  }

  write(name: string, lines: readonly string[], namespace = 'shop', at = Date.now()): void {
    const log = this.#log(`${namespace}/${name}`);
    for (const line of lines) {
      log.lines.push({ at, text: `${line}\n` });
      for (const follower of log.followers) follower.write(`${line}\n`);
    }
  }

  /** Written while nobody was connected. */
  writeUnseen(name: string, lines: readonly string[], namespace = 'shop'): void {
    const log = this.#log(`${namespace}/${name}`);
    for (const line of lines) log.lines.push({ at: Date.now(), text: `${line}\n` });
  }

  /** The connections to this log are lost, after these bytes of a line. */
  cut(name: string, namespace = 'shop', begunLine = ''): void {
    const { followers } = this.#log(`${namespace}/${name}`);
    for (const follower of followers) {
      follower.write(begunLine);
      follower.end();
    }
    followers.clear();
  }

  followed(name: string, namespace = 'shop'): boolean {
    return this.#log(`${namespace}/${name}`).followers.size > 0;
  }

  override async logs(options: LogOptions): Promise<Readable> {
    const { namespace, pod, container, follow, previous, sinceSeconds, tailLines, signal } = options;
    const { namespace: _, pod: _pod, container: _container, signal: _signal, ...asked } = options;
    this.requests.push(`${namespace}/${pod} ${JSON.stringify(asked)}`);
    if (this.refusal !== undefined) throw this.refusal;
    const there = await this.find({ apiVersion: 'v1', kind: 'Pod' }, pod, namespace);
    if (there === undefined || container !== AGENT_CONTAINER)
      throw new UserError('DBA1103', `there is no pod ${namespace}/${pod}`, 'Check the name.');
    const log = this.#log(`${namespace}/${pod}`);
    const since = sinceSeconds === undefined ? 0 : Date.now() - sinceSeconds * 1_000;
    const lines = (previous === true ? log.previous : log.lines).filter(({ at }) => at >= since);
    const stream = new PassThrough();
    for (const { text } of tailLines === undefined ? lines : lines.slice(lines.length - tailLines)) stream.write(text);
    if (follow !== true) stream.end();
    else {
      log.followers.add(stream);
      signal?.addEventListener('abort', () => stream.destroy(new Error('aborted')), { once: true });
    }
    return stream;
  }

  #log(key: string): ContainerLog {
    const log = this.#logs.get(key) ?? { lines: [], previous: [], followers: new Set<PassThrough>() };
    this.#logs.set(key, log);
    return log;
  }
}

function pod(options: {
  readonly name: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly ip: string | undefined;
  readonly uid: string;
  readonly restartCount: number;
}): KubernetesObject {
  const { name, namespace, labels, ip, uid, restartCount } = options;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, uid, labels: { [INJECTED_LABEL]: 'true', ...labels } },
    spec: {},
    status: {
      phase: 'Running',
      startTime: '2026-01-01T00:00:00Z',
      podIPs: ip === undefined ? [] : [{ ip }],
      initContainerStatuses: [{ name: AGENT_CONTAINER, ready: true, restartCount, state: { running: {} } }],
    },
  };
}
