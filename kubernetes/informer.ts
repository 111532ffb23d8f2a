import {
  type KubeConfig,
  type KubernetesListObject,
  type KubernetesObject,
  ListWatch,
  Watch,
} from '@kubernetes/client-node';
import type { Logger } from 'pino';

/** The first wait after a failure; doubled with each that follows. */
const FIRST_RETRY_MILLIS = 1_000;
const LONGEST_RETRY_MILLIS = 30_000;
/** A watch that held so long after a failure has recovered. */
const RECOVERED_MILLIS = 60_000;

/** A local copy of objects in the API server, kept current by a watch. */
export interface Informer<T> {
  get(name: string, namespace?: string): T | undefined;
  list(namespace?: string): readonly T[];
  /** Whether the copy was complete once. It stays true through lost connections: an old answer is better than none. */
  synced(): boolean;
  stop(): void;
}

export interface InformerOptions<T extends KubernetesObject> {
  readonly kubeConfig: KubeConfig;
  /** `/api/v1/namespaces` */
  readonly path: string;
  readonly fieldSelector?: string;
  list(): Promise<KubernetesListObject<T>>;
  /** Called for each object that is new, changed, or gone. */
  onChange?(object: T, change: 'present' | 'gone'): void;
  /** The API server granted a watch, from where the last one ended, or something came by it. */
  onHeard?(sign: 'connected' | 'event'): void;
  readonly log: Logger;
}

/** Starts at once and never gives up: after a failure it tries again, later each time and never in step with others. */
export function startInformer<T extends KubernetesObject>(options: InformerOptions<T>): Informer<T> {
  const { kubeConfig, path, fieldSelector, onChange, onHeard, log } = options;
  let stopped = false;
  const connection = new InformerWatch(kubeConfig, { onHeard: (sign) => onHeard?.(sign), isStopped: () => stopped });
  const watch = new ListWatch<T>(path, connection, () => options.list(), false, undefined, fieldSelector);
  let synced = false;
  let failures = 0;
  let lastFailure = 0;
  let retry: NodeJS.Timeout | undefined;
  const present = (object: T): void => {
    failures = 0;
    // A third of an object's size that nobody here reads.
    delete object.metadata?.managedFields;
    onChange?.(object, 'present');
  };
  watch.on('add', present);
  watch.on('update', present);
  watch.on('delete', (object) => onChange?.(object, 'gone'));
  const start = (): void => {
    watch.start().catch(failed);
  };
  const failed = (error: unknown): void => {
    if (stopped) return;
    if (Date.now() - lastFailure > RECOVERED_MILLIS) failures = 0;
    lastFailure = Date.now();
    const longest = Math.min(LONGEST_RETRY_MILLIS, FIRST_RETRY_MILLIS * 2 ** failures);
    failures += 1;
    const waitMillis = Math.round(longest * (0.5 + Math.random() / 2));
    log.warn({ path, waitMillis, error: messageOf(error) }, 'watching failed; trying again');
    clearTimeout(retry);
    retry = setTimeout(start, waitMillis);
  };
  watch.on('error', failed);
  start();
  return {
    get: (name, namespace) => watch.get(name, namespace),
    list: (namespace) => watch.list(namespace),
    synced: () => {
      synced ||= watch.latestResourceVersion() !== '';
      return synced;
    },
    stop: () => {
      stopped = true;
      clearTimeout(retry);
      void watch.stop();
    },
  };
}

interface WatchSurroundings {
  onHeard(sign: 'connected' | 'event'): void;
  isStopped(): boolean;
}

/** The library tells of changes alone, here also that there were none; and it forgets a watch that is granted after its stop. */
class InformerWatch extends Watch {
  readonly #surroundings: WatchSurroundings;

  constructor(kubeConfig: KubeConfig, surroundings: WatchSurroundings) {
    super(kubeConfig);
    this.#surroundings = surroundings;
  }

  override async watch(...[path, query, callback, done]: Parameters<Watch['watch']>): Promise<AbortController> {
    const { onHeard, isStopped } = this.#surroundings;
    let ended = false;
    const connection = await super.watch(
      path,
      query,
      (phase, object, change) => {
        if (phase !== 'ERROR') onHeard('event');
        callback(phase, object, change);
      },
      (error) => {
        ended = true;
        done(error);
      },
    );
    if (isStopped()) connection.abort();
    else if (!ended) onHeard('connected');
    return connection;
  }
}

/** One line for a log, whatever was thrown. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const [line = ''] = error.message.split('\n', 1);
  // `fetch failed`, says fetch, and keeps the reason to itself.
  return error.cause instanceof Error ? `${line}: ${messageOf(error.cause)}` : line;
}
