import { KubeConfig } from '@kubernetes/client-node';
import { type Logger, pino } from 'pino';
import { COLLECTOR_SERVICE } from '../contract/collector-api.ts';
import {
  AGENT_COLLECTOR_CA_KEY,
  COLLECTOR_CA_KEY,
  COLLECTOR_CA_MAP,
  COLLECTOR_CERTIFICATE_SECRET,
} from '../contract/collector-objects.ts';
import { AGENT_CONFIG_MAP } from '../contract/labels.ts';
import { UserError } from '../contract/user-error.ts';
import { publishInConfigMaps } from '../kubernetes/certificates/config-map-publisher.ts';
import type { KeyPair } from '../kubernetes/certificates/key-pairs.ts';
import { openServingCertificate } from '../kubernetes/certificates/serving-certificate.ts';
import { watchClientAuthority } from './access/client-authority.ts';
import { type Collector, openCollector } from './collector.ts';
import { type CollectorConfig, readCollectorConfig } from './config.ts';

/** How long everybody is given to notice a change before the next step of a roll of the authority: mounts take a minute. */
const SETTLE_MILLIS = 180_000;
const FIELD_MANAGER = 'dbaudit-collector-authority';

/** Runs until SIGTERM or SIGINT, then finishes what is under way and ends. */
export async function run(configFile: string | undefined): Promise<void> {
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort(signal));
  const config = await readCollectorConfig(configFile);
  const log = pino({ level: config.logLevel, base: null, timestamp: pino.stdTimeFunctions.isoTime }, process.stderr);
  const end =
    config.access.type === 'token' ? await runAlone(config, log) : await runInCluster(config, stop.signal, log);
  await aborted(stop.signal);
  log.info({ signal: stop.signal.reason }, 'ending');
  await end();
}

async function runAlone(config: CollectorConfig, log: Logger): Promise<() => Promise<void>> {
  const collector = await openCollector(config, undefined, undefined, log);
  return () => collector.stop();
}

/** The certificate comes first; what else there is to know of the cluster comes when it comes. */
async function runInCluster(config: CollectorConfig, stop: AbortSignal, log: Logger): Promise<() => Promise<void>> {
  const { DBAUDIT_NAMESPACE: namespace, DBAUDIT_POD_NAME: podName } = process.env;
  if (namespace === undefined || podName === undefined) {
    throw new UserError(
      'DBA1001',
      'access.type is kubernetes, but DBAUDIT_NAMESPACE and DBAUDIT_POD_NAME do not say where this is',
      'set access.type to token where there is no Kubernetes',
    );
  }
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromDefault();
  const { promise: firstLeaf, resolve: onFirstLeaf } = Promise.withResolvers<KeyPair>();
  let collector: Collector | undefined;
  let clientAuthority: string | undefined;
  const certificate = openServingCertificate({
    kubeConfig,
    log,
    namespace,
    podName,
    service: COLLECTOR_SERVICE,
    secret: COLLECTOR_CERTIFICATE_SECRET,
    settleMillis: SETTLE_MILLIS,
    openPublisher: (options) =>
      publishInConfigMaps({
        ...options,
        kubeConfig,
        namespace,
        fieldManager: FIELD_MANAGER,
        places: [
          { name: COLLECTOR_CA_MAP, key: COLLECTOR_CA_KEY },
          { name: AGENT_CONFIG_MAP, key: AGENT_COLLECTOR_CA_KEY },
        ],
        log,
      }),
    onLeaf: (leaf) => {
      onFirstLeaf(leaf);
      collector?.show(leaf);
    },
  });
  const authority = watchClientAuthority({
    kubeConfig,
    log,
    onAuthority: (certificates) => {
      clientAuthority = certificates;
      collector?.trust(certificates);
    },
  });
  const leaf = await Promise.race([firstLeaf, aborted(stop)]);
  if (leaf !== undefined) {
    collector = await openCollector(config, { kubeConfig, namespace }, leaf, log);
    if (clientAuthority !== undefined) collector.trust(clientAuthority);
  }
  return async () => {
    collector?.drain();
    certificate.stop();
    authority.stop();
    await collector?.stop();
  };
}

/** Settles when the signal is given. */
function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
}
