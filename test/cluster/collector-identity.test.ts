import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { KubeConfig } from '@kubernetes/client-node';
import { pino } from 'pino';
import { type Identity, startIdentity } from '../../collector/identity/identity.ts';
import { watchKubernetesEvents } from '../../collector/ingest/kubernetes-events.ts';
import { type AuditEvent, auditEventSchema } from '../../contract/audit-event.ts';
import { clientTemplate, deployment, manifests, pod, service } from '../support/cluster/database-pods.ts';
import { testCluster } from '../support/cluster/suite.ts';

const cluster = testCluster();
const SYNC_LIMIT_MILLIS = 60_000;
let namespace = '';
let directory = '';
let identity: Identity;

interface PodObject {
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly ownerReferences?: readonly { readonly name: string }[];
  };
  readonly spec: { readonly nodeName: string; readonly serviceAccountName: string; readonly hostNetwork?: boolean };
  readonly status: {
    readonly podIP: string;
    readonly podIPs: readonly { readonly ip: string }[];
    readonly hostIP: string;
  };
}

const log = pino({ level: 'silent' });

function kubeConfig(): KubeConfig {
  const loaded = new KubeConfig();
  loaded.loadFromFile(cluster.kubeconfig);
  return loaded;
}

const start = () => startIdentity({ kubeConfig: kubeConfig(), directory, log });

async function podsNow(...where: readonly string[]): Promise<readonly PodObject[]> {
  return JSON.parse(await cluster.kubectl(['get', 'pods', ...where, '-o', 'json'])).items;
}

const who = (ip: string, port = 0, at = Date.now()) => identity.book.partyOf(ip, port, at);

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'dbaudit-identity-'));
  namespace = await cluster.createNamespace('identity');
  identity = await start();
  expect(await identity.whenSynced(SYNC_LIMIT_MILLIS)).toBe(true);
});

afterAll(async () => {
  await identity?.stop();
  await cluster.deleteNamespace(namespace);
  await rm(directory, { recursive: true, force: true });
});

test('every pod, service and node that the API server has is found by its address', async () => {
  const host = clientTemplate('host');
  const ports = [{ containerPort: 18_432 }];
  const hostSpec = {
    ...host.spec,
    hostNetwork: true,
    containers: host.spec.containers.map((one) => ({ ...one, ports })),
  };
  await cluster.apply(
    manifests(
      deployment('shop', clientTemplate('shop')),
      service('shop', 'postgresql'),
      pod('host', { ...host, spec: hostSpec }),
    ),
    namespace,
  );
  await cluster.waitForCondition('deployment/shop', 'Available', namespace);
  await cluster.waitForCondition('pod/host', 'Ready', namespace);
  const running = await podsNow('-A', '--field-selector=status.phase=Running');
  const own = running.filter(({ spec }) => spec.hostNetwork !== true);
  expect(own.length).toBeGreaterThan(0);
  await cluster.waitFor('the watch to have told', async () =>
    own.every(({ status }) => who(status.podIP).kind === 'pod'),
  );
  for (const { metadata, spec, status } of own) {
    for (const { ip } of status.podIPs) {
      expect(who(ip)).toMatchObject({
        kind: 'pod',
        pod: metadata.name,
        pod_uid: metadata.uid,
        node: spec.nodeName,
        service_account: spec.serviceAccountName,
      });
    }
  }
  const [shop] = await podsNow('-n', namespace, '-l', 'app=shop');
  const replicaSet = shop?.metadata.ownerReferences?.[0]?.name;
  await cluster.waitFor(
    'the service to send to it',
    async () => who(shop?.status.podIP ?? '', 5432).service === 'shop',
  );
  expect(who(shop?.status.podIP ?? '', 5432)).toMatchObject({
    namespace,
    labels: { app: 'shop' },
    owner: { kind: 'Deployment', name: 'shop' },
    owners: [`ReplicaSet/${replicaSet}`, 'Deployment/shop'],
  });
  const address = await cluster.kubectl([
    'get',
    'service',
    'shop',
    '-n',
    namespace,
    '-o',
    'jsonpath={.spec.clusterIP}',
  ]);
  expect(who(address, 5432)).toEqual({ kind: 'service', namespace, service: 'shop' });
  const hostPod = running.find(({ metadata }) => metadata.name === 'host');
  expect(who(hostPod?.status.podIP ?? '', 18_432)).toMatchObject({ kind: 'host-network', pod: 'host', namespace });
  expect(who(hostPod?.status.hostIP ?? '')).toEqual({ kind: 'node', node: hostPod?.spec.nodeName });
  expect(who('203.0.113.9')).toEqual({ kind: 'external' });
});

test('a pod’s address is its own in its time alone, also for a collector started anew', async () => {
  await cluster.apply(manifests(pod('first', clientTemplate('first'))), namespace);
  await cluster.waitForCondition('pod/first', 'Ready', namespace);
  const [first] = await podsNow('-n', namespace, '-l', 'app=first');
  const address = first?.status.podIP ?? '';
  await cluster.waitFor('the first to be known', async () => who(address).pod === 'first');
  await cluster.waitFor('its beginning to be certain', async () => who(address, 0, Date.now() - 100).pod === 'first');
  const during = Date.now();
  await cluster.kubectl(['delete', 'pod', 'first', '-n', namespace]);
  await cluster.waitFor('its end to be known', async () => who(address).kind === 'unknown');
  await identity.stop();
  const before = identity;
  identity = await start();
  expect(identity).not.toBe(before);
  expect(await identity.whenSynced(SYNC_LIMIT_MILLIS)).toBe(true);
  expect(who(address, 0, during)).toMatchObject({ pod: 'first', pod_uid: first?.metadata.uid });
  expect(who(address).kind).toBe('unknown');
});

test('every Event of the namespace becomes an event once, also for a watch started anew', async () => {
  const taken = new Map<string, AuditEvent>();
  let repeated = 0;
  const watch = () =>
    watchKubernetesEvents({
      kubeConfig: kubeConfig(),
      take: async (events) => {
        for (const event of events) {
          if (taken.has(event.event.id)) repeated += 1;
          taken.set(event.event.id, event);
        }
      },
      log,
    });
  const uids = async (): Promise<readonly string[]> => {
    const { items } = JSON.parse(await cluster.kubectl(['get', 'events', '-n', namespace, '-o', 'json']));
    return items.map(({ metadata }: { metadata: { uid: string } }) => metadata.uid);
  };
  const have = (uid: string) => [...taken.keys()].some((id) => id.startsWith(`k8s-event-${uid}-`));
  const first = watch();
  await cluster.waitFor('all Events', async () => (await uids()).every(have));
  await first.stop();
  const before = taken.size;
  expect(before).toBeGreaterThan(0);
  expect(repeated).toBe(0);
  const second = watch();
  await cluster.waitFor('all Events again', async () => repeated >= before);
  await second.stop();
  for (const event of taken.values()) expect(auditEventSchema.parse(event)).toEqual(event);
});
