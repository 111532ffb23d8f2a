import { setTimeout as sleep } from 'node:timers/promises';
import { KubeConfig } from '@kubernetes/client-node';
import { type Logger, pino } from 'pino';
import { VERSION } from '../contract/version.ts';
import type { KeyPair } from '../kubernetes/certificates/key-pairs.ts';
import { openServingCertificate } from '../kubernetes/certificates/serving-certificate.ts';
import { messageOf } from '../kubernetes/informer.ts';
import { metricsAccess } from '../kubernetes/metrics-access.ts';
import { type AdmissionParts, reviewAdmission, unreadableReview } from './admission-review.ts';
import { watchCaBundle } from './ca-bundle.ts';
import { watchClusterVersion } from './cluster-version.ts';
import { readConfig, type WebhookConfig } from './config.ts';
import { openEvents } from './events.ts';
import { InjectorMetrics } from './metrics.ts';
import { startMirror } from './mirror.ts';
import { AGENT_CONFIGURATION, SINK_CREDENTIALS } from './mirrored-kinds.ts';
import { watchNamespaces } from './namespaces.ts';
import { watchQuotas } from './quotas.ts';
import { startServer, type WebhookServer } from './server.ts';
import { watchSettings } from './watched-settings.ts';

/** Shared by the replicas; the roles of the injector name it too. */
const CERTIFICATE_SECRET = 'dbaudit-webhook-certificates';

/** Runs until SIGTERM or SIGINT, then drains and ends. */
async function run(config: WebhookConfig, log: Logger): Promise<void> {
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort(signal));
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromDefault();
  const parts = watchCluster(kubeConfig, config, log);
  const metrics = new InjectorMetrics();
  const { promise: firstLeaf, resolve: onFirstLeaf } = Promise.withResolvers<KeyPair>();
  let server: WebhookServer | undefined;
  const certificates = openServingCertificate({
    kubeConfig,
    log,
    namespace: config.namespace,
    podName: config.podName,
    service: config.serviceName,
    secret: CERTIFICATE_SECRET,
    settleMillis: config.settleMillis,
    directory: config.certificateDirectory,
    openPublisher: (options) => watchCaBundle({ kubeConfig, log, ...options }),
    onLeaf: (leaf) => {
      onFirstLeaf(leaf);
      server?.show(leaf);
    },
  });
  const { namespaces, settings, quotas, version, mirror } = parts;
  const admission: AdmissionParts = {
    ownNamespace: config.namespace,
    namespaces,
    quotas,
    events: openEvents({ kubeConfig, podName: config.podName, log, onFate: (fate) => metrics.event(fate) }),
    log,
    settings: settings.current,
    nativeSidecars: () => version.nativeSidecars() ?? false,
    injectedInto: mirror.injectedInto,
    answered: (outcome, code) => metrics.answered(outcome, code),
  };
  const ready = () =>
    [namespaces, settings, quotas, mirror].every(({ synced }) => synced()) && version.nativeSidecars() !== undefined;
  const leaf = await Promise.race([firstLeaf, aborted(stop.signal)]);
  metrics.watch({
    ready,
    settingsValid: settings.valid,
    mirroredNamespaces: mirror.copies,
    leafExpiry: certificates.leafExpiry,
    authorityExpiry: certificates.authorityExpiry,
  });
  if (leaf !== undefined) {
    server = await startServer({
      address: config.address,
      port: config.port,
      leaf,
      checkAccess: metricsAccess(kubeConfig),
      review: (body) => metrics.timed(() => reviewAdmission(body, admission)),
      unreadable: (problem) => unreadableReview(problem, admission),
      ready,
      metrics,
    });
    log.info({ version: VERSION, port: server.port }, 'answering');
    await aborted(stop.signal);
    log.info({ signal: stop.signal.reason }, 'draining');
    server.drain();
    await sleep(config.drainMillis);
    await server.close();
  }
  certificates.stop();
  for (const part of Object.values(parts)) part?.stop();
  log.info('ended');
}

/** What is known of the cluster, each part kept current by watches of its own. */
function watchCluster(kubeConfig: KubeConfig, { namespace, mirrorSinkSecret }: WebhookConfig, log: Logger) {
  const onChange = () => {
    mirror.look();
    credentials?.look();
  };
  const namespaces = watchNamespaces({ kubeConfig, log, onChange });
  const mirroring = { kubeConfig, namespace, log, namespaces: namespaces.list };
  const mirror = startMirror(AGENT_CONFIGURATION, mirroring);
  const credentials = mirrorSinkSecret ? startMirror(SINK_CREDENTIALS, mirroring) : undefined;
  return {
    namespaces,
    mirror,
    credentials,
    settings: watchSettings({ kubeConfig, namespace, log }),
    quotas: watchQuotas(kubeConfig, log),
    version: watchClusterVersion(kubeConfig, log),
  };
}

/** Settles when the signal is given. */
function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
}

try {
  const config = readConfig(process.env);
  const log = pino({ level: config.logLevel, base: null, timestamp: pino.stdTimeFunctions.isoTime }, process.stderr);
  await run(config, log);
  process.exit(0);
} catch (error) {
  process.stderr.write(`dbaudit-webhook: ${messageOf(error)}\n`);
  process.exit(1);
}
