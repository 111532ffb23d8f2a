import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { KubeConfig } from '@kubernetes/client-node';
import type { Logger } from 'pino';
import { wordsOf } from '../delivery/system-error.ts';
import type { Verifier } from './api/services.ts';
import type { CollectorConfig } from './config.ts';
import { openConfigMapWitness } from './integrity/config-map-witness.ts';
import { openFileWitness } from './integrity/file-witness.ts';
import { createSealer } from './integrity/sealer.ts';
import { PublicKeys } from './integrity/signing-key.ts';
import { createVerifier } from './integrity/verifier.ts';
import type { Witness } from './integrity/witness.ts';
import { type CollectorKeys, keysOfDirectory, keysOfSecret } from './keys.ts';
import type { HistorySql } from './rules/history.ts';
import type { DuckStore } from './store/duckdb/duck-store.ts';
import type { EventStore } from './store/event-store.ts';
import { QueryProblem } from './store/failure.ts';
import type { OpenSearchStoreSettings } from './store/opensearch/settings.ts';

type EmbeddedStoreSettings = Extract<CollectorConfig['store'], { readonly type: 'duckdb' }>;

const MEBIBYTE = 1_048_576;
const DIRECTORY_MODE = 0o700;

/** Where a collector in a cluster is. */
export interface InCluster {
  readonly kubeConfig: KubeConfig;
  readonly namespace: string;
}

/** The store with what proves that nobody changed it. */
export interface Kept {
  readonly store: EventStore;
  /** Absent: the store does not speak SQL. */
  readonly rows?: HistorySql;
  readonly verifier: Verifier;
  /** Quiet chains get their checkpoint. */
  checkpointTails(olderThanMillis: number): Promise<void>;
  close(): Promise<void>;
}

/** Opens what is kept, as `config.store` says. `cluster` absent: it is in none. @throws StoreProblem */
export function openKept(config: CollectorConfig, cluster: InCluster | undefined, log: Logger): Promise<Kept> {
  const { store } = config;
  return store.type === 'opensearch' ? openShared(store, log) : openSealed(config, store, cluster, log);
}

async function openShared(settings: OpenSearchStoreSettings, log: Logger): Promise<Kept> {
  const { openOpenSearchStore } = await import('./store/opensearch/opensearch-store.ts');
  const store = openOpenSearchStore({ settings, log });
  return {
    store,
    verifier: {
      verify: () =>
        Promise.reject(
          new QueryProblem(
            'events are kept in OpenSearch, where they are not sealed: there is nothing to verify. Integrity takes store.type duckdb',
          ),
        ),
    },
    checkpointTails: async () => undefined,
    close: () => store.close(),
  };
}

async function openSealed(
  config: CollectorConfig,
  settings: EmbeddedStoreSettings,
  cluster: InCluster | undefined,
  log: Logger,
): Promise<Kept> {
  const directory = join(config.directory, 'store');
  mkdirSync(directory, { recursive: true, mode: DIRECTORY_MODE });
  const keys =
    cluster === undefined
      ? keysOfDirectory(config.directory)
      : await keysOfSecret(cluster.kubeConfig, cluster.namespace);
  const witness = await openWitness(config, cluster, log);
  const store = await openStore(settings, directory, keys, witness, log);
  const publicKeys = new PublicKeys([keys.signingKey.publicKey]);
  return {
    store,
    rows: store.rows,
    verifier: createVerifier({ history: store.history, witness, keys: publicKeys }),
    checkpointTails: (olderThanMillis) => store.history.checkpointTails(olderThanMillis),
    close: async () => {
      await store.close();
      await witness.close();
    },
  };
}

function openWitness(
  { integrity, directory }: CollectorConfig,
  cluster: InCluster | undefined,
  log: Logger,
): Promise<Witness> {
  const onProblem = (error: unknown) =>
    log.error({ error: wordsOf(error) }, 'checkpoints cannot be written to their second place');
  if (integrity.checkpointDirectory !== undefined || cluster === undefined) {
    return openFileWitness(integrity.checkpointDirectory ?? join(directory, 'checkpoints'), onProblem);
  }
  return openConfigMapWitness(cluster.kubeConfig, cluster.namespace, onProblem);
}

/** DuckDB is loaded by a collector that has such a store, and by no other. */
async function openStore(
  store: EmbeddedStoreSettings,
  directory: string,
  keys: CollectorKeys,
  witness: Witness,
  log: Logger,
): Promise<DuckStore> {
  const { openDuckStore } = await import('./store/duckdb/duck-store.ts');
  return openDuckStore({
    directory,
    memoryLimitMebibytes: store.memoryMebibytes,
    retentionDays: store.retentionDays,
    ...(store.retentionMebibytes === undefined ? {} : { retentionBytes: store.retentionMebibytes * MEBIBYTE }),
    recentHours: store.recentHours,
    ...(store.encrypt ? { encryptionKey: keys.encryptionKey, extensionDirectory: store.extensionDirectory } : {}),
    sealer: createSealer({
      key: keys.signingKey,
      now: Date.now,
      publish: (checkpoints) => witness.publish(checkpoints),
    }),
    log,
    onNotice: ({ kind, message }) => log.warn({ kind }, message),
  });
}
