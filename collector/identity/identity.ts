import { setTimeout as sleep } from 'node:timers/promises';
import type { KubeConfig } from '@kubernetes/client-node';
import type { Logger } from 'pino';
import { wordsOf } from '../../delivery/system-error.ts';
import type { CollectorEnricher, IntakeParts } from '../intake.ts';
import { loadBook, saveBook } from './book-file.ts';
import { ClusterBook } from './cluster-book.ts';
import { watchCluster } from './cluster-watch.ts';
import { createIdentityEnricher } from './enricher.ts';
import { createIdentityPatience } from './patience.ts';

/** Late events come from an agent's spool; a day is longer than most outages, and than a pod's address rests. */
const KEEP_MILLIS = 24 * 3_600_000;
/** Of pods, present and ended within that time: about 160 MB. A cluster of 5,000 has some ten thousand a day. */
const MAX_PODS = 100_000;
/**
 * After a crash, what happened since is learnt anew from the API server, but for pods that came and went. The file has some
 * 700 bytes a pod.
 */
const SAVE_MILLIS = 300_000;
const SYNC_LOOK_MILLIS = 50;

export interface IdentityOptions {
  readonly kubeConfig: KubeConfig;
  /** Of the collector's own, where what was known survives a restart. Absent: it does not. */
  readonly directory?: string;
  /** Of pods and services, `10.244.0.0/16`, where neither nodes nor the API server tell them. */
  readonly ranges?: readonly string[];
  /** How long what has ended is kept for late events; a day by default. */
  readonly keepMillis?: number;
  readonly log: Logger;
}

export interface Identity {
  readonly book: ClusterBook;
  readonly enricher: CollectorEnricher;
  /** Before events are enriched: waits a moment for those whose pod is so new that nobody has told of it. Never rejects. */
  readonly patience: NonNullable<IntakeParts['patience']>;
  synced(): boolean;
  /** Settles once it is synced, or after this time: whether it is. Before, addresses of the cluster are unknown. */
  whenSynced(limitMillis: number): Promise<boolean>;
  stop(): Promise<void>;
}

/** Who is behind an address, known as long as it runs, and for a day before. */
export async function startIdentity(options: IdentityOptions): Promise<Identity> {
  const { kubeConfig, directory, log, keepMillis = KEEP_MILLIS } = options;
  const book = new ClusterBook({ keepMillis, pods: MAX_PODS });
  for (const range of options.ranges ?? []) book.ranges.add(range);
  const problem = directory === undefined ? undefined : await loadBook(book, directory);
  if (problem !== undefined) log.warn(problem);
  const watch = watchCluster({ kubeConfig, book, keepMillis, log });
  const save = async () => {
    if (directory === undefined) return;
    await saveBook(book, directory).catch((error: unknown) =>
      log.warn({ directory, error: wordsOf(error) }, 'who had which address could not be saved'),
    );
  };
  let saving = Promise.resolve();
  const timer = setInterval(() => {
    saving = saving.then(save);
  }, SAVE_MILLIS).unref();
  return {
    book,
    enricher: createIdentityEnricher(book),
    patience: createIdentityPatience(book),
    synced: () => watch.synced() && book.synced(),
    whenSynced: async (limitMillis) => {
      for (const until = Date.now() + limitMillis; !(watch.synced() && book.synced()); ) {
        if (Date.now() > until) return false;
        await sleep(SYNC_LOOK_MILLIS);
      }
      return true;
    },
    stop: async () => {
      clearInterval(timer);
      watch.stop();
      saving = saving.then(save);
      await saving;
    },
  };
}
