import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { CoreV1Api, type V1Namespace } from '@kubernetes/client-node';
import type { Logger } from 'pino';
import type { StatusAnswer } from '../contract/collector-api.ts';
import { VERSION } from '../contract/version.ts';
import { wordsOf } from '../delivery/system-error.ts';
import type { KeyPair } from '../kubernetes/certificates/key-pairs.ts';
import { type Informer, startInformer } from '../kubernetes/informer.ts';
import { tokenWord } from './access/token-access.ts';
import { type OpenAlertDesk, openAlertDesk } from './alerts/alert-desk.ts';
import { LiveTail } from './api/live-tail.ts';
import type { CollectorConfig } from './config.ts';
import { kubernetesWord, openDoor } from './door.ts';
import { ingestedEnricher } from './event/ingested.ts';
import { templateEnricher } from './event/template.ts';
import { type Identity, startIdentity } from './identity/identity.ts';
import { kafkaGauges, kafkaStatus } from './ingest/kafka/figures.ts';
import { startKafkaSource } from './ingest/kafka.ts';
import { watchKubernetesEvents } from './ingest/kubernetes-events.ts';
import { Intake } from './intake.ts';
import { IntakeCounts } from './intake-counts.ts';
import { type InCluster, openKept } from './kept.ts';
import { CollectorMetrics } from './metrics.ts';
import { openReportRoom } from './reports/report-room.ts';
import { ruleLists } from './rules/lists.ts';
import { openRuleBook } from './rules/rule-book.ts';

/** Quiet chains get their checkpoint within this; nobody waits for it. */
const TAIL_MILLIS = 10_000;
const RULES_SAVE_MILLIS = 60_000;
/** Events of a cluster that is just being listed would have nobody behind their addresses. */
const IDENTITY_WAIT_MILLIS = 60_000;
const MEBIBYTE = 1_048_576;
const HOUR_MILLIS = 3_600_000;
const DIRECTORY_MODE = 0o700;

export interface Collector {
  readonly port: number;
  readonly intake: Intake;
  /** Connections from now on are shown this certificate. */
  show(leaf: KeyPair): void;
  /** Users with certificates of this authority are believed from now on. */
  trust(clientAuthority: string): void;
  drain(): void;
  /** Takes no more, finishes what is under way, and lets the store go. */
  stop(): Promise<void>;
}

/**
 * Puts the collector together: sources, intake, store, observers and the door. `leaf`: its certificate; absent: it listens in
 * the clear, on this machine alone.
 */
export async function openCollector(
  config: CollectorConfig,
  cluster: InCluster | undefined,
  leaf: KeyPair | undefined,
  log: Logger,
): Promise<Collector> {
  const { directory } = config;
  for (const part of ['rules', 'identity']) mkdirSync(join(directory, part), { recursive: true, mode: DIRECTORY_MODE });
  const instance = randomBytes(8).toString('hex');
  const named = config.cluster === undefined ? {} : { cluster: config.cluster };
  const kept = await openKept(config, cluster, log);
  const { store, rows, verifier } = kept;
  const live = new LiveTail();
  const counts = new IntakeCounts();
  const identity = cluster && (await openIdentity(config, cluster, log));
  const namespaces = cluster && watchNamespaces(cluster, log);
  const lists = ruleLists(config.rules);
  const rules = openRuleBook({
    directory: join(directory, 'rules'),
    lists,
    learningDays: config.rules.learningDays,
    history: { store, sql: rows },
  });
  for (const problem of rules.problems) log.warn({ problem }, 'rules');
  let alerts: OpenAlertDesk | undefined;
  const intake: Intake = new Intake({
    ...(identity === undefined ? {} : { patience: identity.patience }),
    enrichers: [
      ...(identity === undefined ? [] : [identity.enricher]),
      templateEnricher(),
      ingestedEnricher(),
      rules.enrich,
    ],
    store,
    observers: [live.observe, counts.observe, (events) => alerts?.see(rules.see(events))],
  });
  let alertEvents = 0;
  alerts = openAlertDesk({
    settings: { ...config.alerts, ...named },
    file: join(directory, 'alerts.sqlite'),
    record: (events) => intake.take(events, `collector/alerts/${instance}`),
    nextSequence: () => alertEvents++,
    onNotice: (notice) => log.warn({ notice }, 'alerts'),
  });
  const kubernetesEvents =
    cluster && config.kubernetesEvents
      ? watchKubernetesEvents({
          kubeConfig: cluster.kubeConfig,
          take: (events, chain) => intake.take(events, chain),
          log,
        })
      : undefined;
  const kafkaSources = await Promise.all(
    config.sources.map((settings) =>
      startKafkaSource(settings, {
        take: (events, chain) => intake.take(events, chain),
        log,
        onNotice: (notice) => log.warn({ notice }, 'kafka'),
      }),
    ),
  );
  const metrics = new CollectorMetrics();
  if (kafkaSources.length > 0) metrics.watch(kafkaGauges(kafkaSources));
  const startedAt = Date.now();
  const desk = alerts;
  const status = async (): Promise<StatusAnswer> => ({
    version: VERSION,
    startedAt,
    store: await store.status(),
    ingest: counts.figures(),
    sources: [...kafkaSources.map(kafkaStatus), ...counts.sources()],
    identity: { synced: identity?.synced() ?? true, pods: identity?.book.pods.size ?? 0 },
    retention: {
      days: config.store.retentionDays,
      ...(config.store.type === 'opensearch' || config.store.retentionMebibytes === undefined
        ? {}
        : { bytes: config.store.retentionMebibytes * MEBIBYTE }),
    },
  });
  const reports = openReportRoom({
    directory: join(directory, 'reports'),
    store,
    settings: config.reports,
    alerts: desk,
    rules,
    lists,
    verifier,
    ...(config.store.type === 'opensearch' ? {} : { retentionDays: config.store.retentionDays }),
    ...named,
    log,
  });
  const door = await openDoor({
    address: config.address,
    port: config.port,
    leaf,
    word:
      config.access.type === 'token' ? tokenWord(config.access.tokenFile) : kubernetesWord(needed(cluster).kubeConfig),
    anyAgent: config.access.type === 'token',
    intake,
    services: {
      store,
      live,
      alerts: desk,
      rules,
      reports,
      verifier,
      status,
    },
    metrics,
    instance,
    log,
    ...named,
    ...(config.access.type === 'kubernetes' && config.access.oidc !== undefined ? { oidc: config.access.oidc } : {}),
    webDirectory: config.webDirectory,
    namespaces: () => (namespaces?.list() ?? []).flatMap(({ metadata }) => metadata?.name ?? []),
    ready: () => identity?.synced() ?? true,
  });
  const timers = [
    setInterval(
      () =>
        void kept
          .checkpointTails(TAIL_MILLIS)
          .catch((error: unknown) => log.error({ error: wordsOf(error) }, 'checkpoints')),
      TAIL_MILLIS,
    ),
    setInterval(() => rules.save(), RULES_SAVE_MILLIS),
  ];
  log.info({ version: VERSION, port: door.port }, 'answering');
  return {
    ...door,
    intake,
    stop: async () => {
      for (const timer of timers) clearInterval(timer);
      await door.close();
      await Promise.all(kafkaSources.map((source) => source.stop()));
      await kubernetesEvents?.stop();
      await reports.close();
      await desk.close();
      rules.save();
      namespaces?.stop();
      await identity?.stop();
      await kept.checkpointTails(0);
      await kept.close();
      log.info('ended');
    },
  };
}

async function openIdentity(
  { identity, directory }: CollectorConfig,
  { kubeConfig }: InCluster,
  log: Logger,
): Promise<Identity> {
  const known = await startIdentity({
    kubeConfig,
    directory: join(directory, 'identity'),
    ranges: identity.ranges,
    keepMillis: identity.keepHours * HOUR_MILLIS,
    log,
  });
  if (!(await known.whenSynced(IDENTITY_WAIT_MILLIS)))
    log.warn('the cluster is not listed yet: addresses are unknown until it is');
  return known;
}

/** Those who may not see all are asked about one by one. */
function watchNamespaces({ kubeConfig }: InCluster, log: Logger): Informer<V1Namespace> {
  const core = kubeConfig.makeApiClient(CoreV1Api);
  return startInformer<V1Namespace>({ kubeConfig, path: '/api/v1/namespaces', list: () => core.listNamespace(), log });
}

function needed(cluster: InCluster | undefined): InCluster {
  if (cluster === undefined) throw new Error('access.type kubernetes needs a cluster; outside of one it is `token`');
  return cluster;
}
