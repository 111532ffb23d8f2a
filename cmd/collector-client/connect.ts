import { readFile } from 'node:fs/promises';
import { Agent } from 'node:https';
import * as z from 'zod';
import { COLLECTOR_PORT, COLLECTOR_SERVICE } from '../../contract/collector-api.ts';
import { COLLECTOR_CA_KEY, COLLECTOR_CA_MAP } from '../../contract/collector-objects.ts';
import { UserError } from '../../contract/user-error.ts';
import { COLLECTOR_POD } from '../../manifests/metadata.ts';
import type { CommandContext } from '../context.ts';
import { parseDuration } from '../duration.ts';
import type { Cluster } from '../kubernetes/cluster.ts';
import type { Collector } from './collector.ts';
import { ForwardingAgent } from './forwarding-agent.ts';
import { type Endpoint, openCollector } from './open-collector.ts';

const configMapSchema = z.looseObject({ data: z.record(z.string(), z.string()).default({}) });

/**
 * The collector, with the caller's own credentials of the kubeconfig: at `--collector`, or through a port-forward to its pod.
 * TLS reaches from here to the collector either way. Nothing is asked of it yet.
 * @throws UserError DBA1109 where there is none
 */
export async function connectCollector(context: CommandContext): Promise<Collector> {
  const cluster = await context.cluster();
  const { collector: url, requestTimeout = '0' } = context.globals;
  const endpoint = url === undefined ? await forwarded(context, cluster) : await published(context, url);
  return openCollector(endpoint, {
    credentials: () => cluster.credentials(),
    timeoutMillis: parseDuration(requestTimeout),
  });
}

async function published({ globals }: CommandContext, text: string): Promise<Endpoint> {
  const url = URL.parse(text);
  if (url?.protocol !== 'https:') {
    throw new UserError(
      'DBA1004',
      `--collector ${text}: an address that begins with https:// is expected`,
      'Credentials are sent to it, so it must be TLS.',
    );
  }
  const file = globals.collectorCa;
  const ca = file === undefined ? undefined : await readAuthority(file);
  return {
    place: url.origin,
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? 443 : Number(url.port),
    prefix: url.pathname.replace(/\/$/, ''),
    agent: new Agent({ keepAlive: true, ...(ca === undefined ? {} : { ca }) }),
  };
}

async function forwarded(context: CommandContext, cluster: Cluster): Promise<Endpoint> {
  const namespace = await context.ownNamespace();
  const map = await cluster.find({ apiVersion: 'v1', kind: 'ConfigMap' }, COLLECTOR_CA_MAP, namespace);
  const ca = map && configMapSchema.parse(map).data[COLLECTOR_CA_KEY];
  if (ca === undefined) {
    throw new UserError(
      'DBA1109',
      `there is no collector in ${namespace}, or it has not started yet: ConfigMap ${COLLECTOR_CA_MAP} is missing`,
      '`kubectl dbaudit install` installs it with the rest, `kubectl dbaudit status` shows how it fares; --collector names one behind an ingress.',
    );
  }
  const host = `${COLLECTOR_SERVICE}.${namespace}.svc`;
  return {
    place: `${COLLECTOR_POD} in ${namespace}`,
    host,
    port: COLLECTOR_PORT,
    prefix: '',
    agent: new ForwardingAgent({
      ca,
      servername: host,
      open: () => cluster.portForward(namespace, COLLECTOR_POD, COLLECTOR_PORT),
    }),
  };
}

async function readAuthority(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UserError('DBA1002', `--collector-ca ${file}: ${reason}`, 'Check the path.');
  }
}
