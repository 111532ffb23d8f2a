import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { V1EndpointSlice, V1Node, V1Pod, V1ReplicaSet, V1Service } from '@kubernetes/client-node';
import { loadBook, saveBook } from '../../../../collector/identity/book-file.ts';
import { ClusterBook } from '../../../../collector/identity/cluster-book.ts';
import { createIdentityEnricher } from '../../../../collector/identity/enricher.ts';
import { createIdentityPatience } from '../../../../collector/identity/patience.ts';
import { type AuditEvent, auditEventSchema } from '../../../../contract/audit-event.ts';

const HOUR = 3_600_000;
const START = Date.parse('2026-11-21T10:00:00Z');
const LIMITS = { keepMillis: 24 * HOUR, pods: 1_000 };
const WITHIN = { namespace: 'shop', name: 'orders' };

let now = START;
let book: ClusterBook;

const iso = (millis: number) => new Date(millis).toISOString();

interface PodShape {
  readonly uid?: string;
  readonly name?: string;
  readonly ip?: string;
  readonly ips?: readonly string[];
  readonly started?: number;
  readonly finished?: number;
  readonly hostNetwork?: boolean;
  readonly ports?: readonly object[];
  readonly labels?: Record<string, string>;
  readonly owner?: object;
}

function pod(shape: PodShape): V1Pod {
  const { name = 'orders', ip = '10.244.0.5', started = START - HOUR, finished, hostNetwork = false } = shape;
  const running = { startedAt: iso(started) };
  const object: unknown = {
    metadata: {
      uid: shape.uid ?? `uid-${name}`,
      namespace: 'shop',
      name,
      creationTimestamp: iso(started - 2_000),
      labels: shape.labels,
      ownerReferences: shape.owner && [{ controller: true, ...shape.owner }],
      resourceVersion: String(now),
    },
    spec: {
      nodeName: 'one',
      hostNetwork,
      serviceAccountName: 'seller',
      containers: [{ name: 'main', ports: shape.ports }],
    },
    status: {
      phase: finished === undefined ? 'Running' : 'Succeeded',
      startTime: iso(started - 1_000),
      podIP: hostNetwork ? '192.168.1.10' : ip,
      podIPs: (shape.ips ?? [hostNetwork ? '192.168.1.10' : ip]).map((one) => ({ ip: one })),
      hostIP: '192.168.1.10',
      hostIPs: [{ ip: '192.168.1.10' }],
      containerStatuses: [
        {
          name: 'main',
          state: finished === undefined ? { running } : { terminated: { ...running, finishedAt: iso(finished) } },
        },
      ],
    },
  };
  return object as V1Pod;
}

const node = (name: string, address: string): V1Node => ({
  metadata: { uid: name, name, creationTimestamp: new Date(START - 9 * HOUR) },
  spec: { podCIDRs: ['10.244.0.0/24', 'fd00:10::/64'] },
  status: {
    addresses: [
      { type: 'InternalIP', address },
      { type: 'Hostname', address: name },
    ],
  },
});

const service = (name: string, spec: object, status: object = {}): V1Service => ({
  metadata: { uid: name, namespace: 'shop', name, creationTimestamp: new Date(START - HOUR) },
  spec,
  status,
});

/** A book of a node, listed at `now`. */
function open(): ClusterBook {
  const fresh = new ClusterBook(LIMITS, () => now);
  fresh.ranges.add('10.96.0.0/12');
  fresh.nodes.listed(new Set(['one']), now);
  fresh.nodes.present(node('one', '192.168.1.10'), now);
  fresh.services.listed(new Set(), now);
  return fresh;
}

function list(...pods: readonly V1Pod[]): void {
  book.pods.listed(new Set(pods.map(({ metadata }) => metadata?.uid ?? '')), now);
  for (const one of pods) book.pods.present(one, now);
}

beforeEach(() => {
  now = START;
  book = open();
});

describe('an address', () => {
  test('is a pod’s with all that is known of it, in both families, since before we began', () => {
    const owner = { kind: 'ReplicaSet', name: 'orders-7c9f', uid: 'rs' };
    const labels = { app: 'orders', 'pod-template-hash': '7c9f' };
    list(pod({ ips: ['10.244.0.5', 'fd00:0010::0005'], labels, owner }));
    expect(book.partyOf('10.244.0.5', 0, now)).not.toHaveProperty('owner');
    const deployment = [{ controller: true, kind: 'Deployment', name: 'orders', uid: 'd', apiVersion: 'apps/v1' }];
    book.pods.owners.present({ metadata: { uid: 'rs', ownerReferences: deployment } } satisfies V1ReplicaSet);
    const party = {
      kind: 'pod',
      namespace: 'shop',
      pod: 'orders',
      pod_uid: 'uid-orders',
      node: 'one',
      service_account: 'seller',
      owner: { kind: 'Deployment', name: 'orders' },
      owners: ['ReplicaSet/orders-7c9f', 'Deployment/orders'],
      labels: { app: 'orders' },
    };
    expect(book.partyOf('10.244.0.5', 0, now)).toEqual(party);
    expect(book.partyOf('fd00:10::5', 0, START - HOUR + 5_000)).toEqual(party);
    expect(book.partyOf('::ffff:10.244.0.5', 0, now)).toBe(book.partyOf('10.244.0.5', 0, now));
    expect(book.partyOf('10.244.0.5', 0, START - 2 * HOUR)).toEqual({ kind: 'unknown' });
  });

  test('that others have later is each one’s in its time, and between them what follows from the objects', () => {
    list();
    const first = { uid: 'a', name: 'a', started: START + 10_000 };
    const second = { uid: 'b', name: 'b', started: START + 130_000 };
    now = START + 11_000;
    book.pods.present(pod(first), now);
    now = START + 101_000;
    book.pods.present(pod({ ...first, finished: START + 100_000 }), now);
    book.pods.gone(pod({ ...first, finished: START + 100_000 }), now);
    now = START + 131_000;
    book.pods.present(pod(second), now);
    now = START + 300_000;
    book.pods.knowledge.heard(now);
    const who = (seconds: number) => {
      const { kind, pod: name } = book.partyOf('10.244.0.5', 0, START + seconds * 1_000);
      return name ?? kind;
    };
    expect([5, 15, 98, 115, 135, 299].map(who)).toEqual(['unknown', 'a', 'a', 'unknown', 'b', 'b']);
  });

  test('of a pod that ended by itself is free again, though its object keeps it', () => {
    list(
      pod({ uid: 'job', name: 'job', finished: START - 600_000 }),
      pod({ uid: 'b', name: 'b', started: START - 300_000 }),
    );
    expect(book.partyOf('10.244.0.5', 0, now).pod).toBe('b');
    expect(book.partyOf('10.244.0.5', 0, START - 900_000).pod).toBe('job');
  });

  test('of a pod that went while the watch was cut off is nobody’s from then on', () => {
    list(pod({}));
    now += 10 * 60_000;
    book.pods.knowledge.connected(now);
    now += 1_000;
    list();
    now += HOUR;
    book.pods.knowledge.heard(now);
    expect(book.partyOf('10.244.0.5', 0, START).kind).toBe('unknown');
    expect(book.partyOf('10.244.0.5', 0, START - 60_000).pod).toBe('orders');
    expect(book.partyOf('10.244.0.5', 0, now).kind).toBe('unknown');
  });

  test('is nobody’s while the watch has been silent for too long', () => {
    list(pod({}));
    now += 60_000;
    expect(book.partyOf('10.244.0.5', 0, now).kind).toBe('unknown');
    expect(book.partyOf('10.244.0.5', 0, START).pod).toBe('orders');
    book.pods.knowledge.connected(now);
    expect(book.partyOf('10.244.0.5', 0, now).pod).toBe('orders');
  });

  test('goes with a sandbox that is made anew', () => {
    list(pod({}));
    now += 60_000;
    book.pods.present(pod({ ip: '10.244.0.9', started: now - 2_000 }), now);
    now += 120_000;
    book.pods.knowledge.heard(now);
    expect(book.partyOf('10.244.0.9', 0, now).pod).toBe('orders');
    expect(book.partyOf('10.244.0.9', 0, START - 30_000).kind).toBe('unknown');
    expect(book.partyOf('10.244.0.5', 0, START - 30_000).pod).toBe('orders');
    expect(book.partyOf('10.244.0.5', 0, now).kind).toBe('unknown');
  });

  test('outside the cluster is external, within it unknown; before the first list all are unknown', () => {
    expect(book.partyOf('203.0.113.7', 0, now)).toEqual({ kind: 'unknown' });
    list();
    expect(book.partyOf('203.0.113.7', 0, now)).toEqual({ kind: 'external' });
    expect(book.partyOf('10.244.0.77', 0, now)).toEqual({ kind: 'unknown' });
    expect(book.partyOf('10.100.3.4', 0, now)).toEqual({ kind: 'unknown' });
    expect(book.partyOf('2001:db8::1', 0, now)).toEqual({ kind: 'external' });
  });

  test('outside every range that is told, as some networks give them, makes its surroundings the cluster’s', () => {
    list(pod({ ip: '172.31.4.20' }));
    expect(book.partyOf('172.31.4.20', 0, now).pod).toBe('orders');
    expect(book.partyOf('172.31.4.21', 0, now).kind).toBe('unknown');
    expect(book.partyOf('172.31.5.21', 0, now).kind).toBe('external');
  });
});

describe('an address of a node', () => {
  test('is the node, whoever is behind it; its bridge and tunnel too', () => {
    list(pod({ name: 'proxy', hostNetwork: true }));
    for (const ip of ['192.168.1.10', '10.244.0.1', '10.244.0.0', 'fd00:10::1'])
      expect(book.partyOf(ip, 0, now)).toEqual({ kind: 'node', node: 'one' });
  });

  test('is told apart by declared ports where it is the server’s', () => {
    const db = pod({ name: 'db', hostNetwork: true, ports: [{ containerPort: 5432 }] });
    const web = pod({ name: 'web', ip: '10.244.0.8', ports: [{ containerPort: 80, hostPort: 8080 }] });
    list(db, web);
    expect(book.partyOf('192.168.1.10', 5432, now)).toMatchObject({ kind: 'host-network', pod: 'db' });
    expect(book.partyOf('192.168.1.10', 8080, now)).toMatchObject({ kind: 'pod', pod: 'web' });
    expect(book.partyOf('192.168.1.10', 9999, now)).toEqual({ kind: 'node', node: 'one' });
    const twin = pod({
      uid: 'twin',
      name: 'twin',
      hostNetwork: true,
      started: START - 60_000,
      ports: [{ containerPort: 5432 }],
    });
    book.pods.present(twin, now);
    expect(book.partyOf('192.168.1.10', 5432, now)).toEqual({ kind: 'ambiguous', candidates: 2 });
  });
});

describe('a service', () => {
  test('has its cluster address, node ports and outer addresses', () => {
    list();
    const ports = [{ port: 5432, nodePort: 30_432 }];
    const status = { loadBalancer: { ingress: [{ ip: '198.51.100.9' }] } };
    book.services.present(service('db', { clusterIP: '10.96.0.9', clusterIPs: ['10.96.0.9'], ports }, status), now);
    const party = { kind: 'service', namespace: 'shop', service: 'db' };
    expect(book.partyOf('10.96.0.9', 5432, now)).toEqual(party);
    expect(book.partyOf('192.168.1.10', 30_432, now)).toEqual(party);
    expect(book.partyOf('198.51.100.9', 5432, now)).toEqual(party);
    expect(book.partyOf('192.168.1.10', 0, now).kind).toBe('node');
    book.services.gone(service('db', {}), now);
    now += HOUR;
    book.services.knowledge.heard(now);
    expect(book.partyOf('10.96.0.9', 5432, now).kind).toBe('unknown');
  });

  test('in front of a pod is named by the port, where it is the only one', () => {
    list(pod({}));
    const slice = (name: string, port: number): V1EndpointSlice => ({
      metadata: { uid: name, namespace: 'shop', labels: { 'kubernetes.io/service-name': name } },
      addressType: 'IPv4',
      endpoints: [{ addresses: ['10.244.0.5'], targetRef: { kind: 'Pod', uid: 'uid-orders' } }],
      ports: [{ port }],
    });
    book.services.slicePresent(slice('db', 5432));
    book.services.slicePresent(slice('metrics', 9187));
    expect(book.partyOf('10.244.0.5', 5432, now).service).toBe('db');
    expect(book.partyOf('10.244.0.5', 9187, now).service).toBe('metrics');
    expect(book.partyOf('10.244.0.5', 0, now)).not.toHaveProperty('service');
    book.services.slicePresent(slice('db-headless', 5432));
    expect(book.partyOf('10.244.0.5', 5432, now)).not.toHaveProperty('service');
  });
});

describe('within a captured pod', () => {
  test('loopback is that pod, known or not; in the node’s network it is the node', () => {
    list(pod({}), pod({ name: 'agent', hostNetwork: true }));
    expect(book.partyOf('127.0.0.1', 0, now, WITHIN)).toMatchObject({ kind: 'pod', pod_uid: 'uid-orders' });
    expect(book.partyOf('::1', 0, now, { namespace: 'shop', name: 'new', node: 'two' })).toEqual({
      kind: 'pod',
      namespace: 'shop',
      pod: 'new',
      node: 'two',
    });
    expect(book.partyOf('127.0.0.1', 0, now, { namespace: 'shop', name: 'agent' })).toEqual({
      kind: 'node',
      node: 'one',
    });
    expect(book.partyOf('127.0.0.1', 0, now)).toEqual({ kind: 'unknown' });
  });

  test('its own address is its own at a moment that might be another’s too', () => {
    list();
    now += 120_000;
    book.pods.knowledge.heard(now);
    const ended = { uid: 'a', name: 'a', started: now - 60_000, finished: now };
    book.pods.present(pod({ uid: 'a', name: 'a', started: now - 60_000 }), now);
    book.pods.present(pod(ended), now);
    book.pods.present(pod({ started: now }), now);
    expect(book.partyOf('10.244.0.5', 0, now)).toEqual({ kind: 'ambiguous', candidates: 2 });
    expect(book.partyOf('10.244.0.5', 0, now, WITHIN).pod).toBe('orders');
  });
});

test('a session keeps who had its addresses, after the address has become another’s', () => {
  list(pod({ uid: 'a', name: 'a' }));
  const enrich = createIdentityEnricher(book);
  expect(enrich(statement(START - 60_000)).dbaudit.client?.k8s.pod).toBe('a');
  now += HOUR;
  list(pod({ uid: 'b', name: 'b', started: now - 1_000_000 }));
  const end = enrich(statement(now, 'db.session.end'));
  expect(end.dbaudit.client?.k8s.pod).toBe('a');
  expect(end.dbaudit.server?.k8s).toEqual({ kind: 'external' });
  expect(auditEventSchema.parse(end)).toEqual(end);
});

test('labels are bounded', () => {
  const labels = Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`team-${index}`, 'x'.repeat(60)]));
  list(pod({ labels }));
  const kept = Object.entries(book.partyOf('10.244.0.5', 0, now).labels ?? {});
  expect(kept.length).toBeGreaterThan(5);
  expect(kept.flat().join('').length).toBeLessThanOrEqual(600);
});

test('more pods than are kept: the longest ended are forgotten, and their time is not known any more', () => {
  book = new ClusterBook({ keepMillis: 24 * HOUR, pods: 2 }, () => now);
  book.nodes.listed(new Set(), now);
  book.services.listed(new Set(), now);
  list();
  for (const [index, name] of ['a', 'b', 'c'].entries()) {
    now = START + (index + 1) * 600_000;
    book.pods.present(pod({ uid: name, name, started: now, ip: `10.244.0.${index}` }), now);
    now += 60_000;
    book.pods.gone(pod({ uid: name, name, started: now - 60_000, finished: now, ip: `10.244.0.${index}` }), now);
  }
  book.sweep(24 * HOUR);
  expect(book.pods.size).toBe(2);
  const middle = (index: number) => START + (index + 1) * 600_000 + 30_000;
  expect([0, 1, 2].map((index) => book.partyOf(`10.244.0.${index}`, 0, middle(index)).kind)).toEqual([
    'unknown',
    'pod',
    'pod',
  ]);
  now += 25 * HOUR;
  book.sweep(24 * HOUR);
  expect(book.pods.size).toBe(0);
});

describe('a restart', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'dbaudit-identity-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  test('leaves what was known; what went meanwhile ended when it was last seen', async () => {
    list(pod({ uid: 'a', name: 'a' }), pod({ uid: 'b', name: 'b', ip: '10.244.0.6' }));
    await saveBook(book, directory);
    now += HOUR;
    book = open();
    expect(await loadBook(book, directory)).toBeUndefined();
    list(pod({ uid: 'b', name: 'b', ip: '10.244.0.6' }));
    expect(book.partyOf('10.244.0.5', 0, START - 60_000).pod).toBe('a');
    expect(book.partyOf('10.244.0.5', 0, START + 120_000).kind).toBe('unknown');
    expect(book.partyOf('10.244.0.6', 0, START + 120_000).pod).toBe('b');
    expect(await readdir(directory)).toEqual(['addresses.ndjson']);
  });

  test('with a damaged file says so, and knows nothing of before', async () => {
    list(pod({}));
    await saveBook(book, directory);
    await writeFile(join(directory, 'addresses.ndjson'), '{"version":1,"heardAt":1,"gaps":[]}\n{"record":', 'utf8');
    book = open();
    expect(await loadBook(book, directory)).toContain('is not as this version writes it');
    expect(book.pods.size).toBe(0);
  });
});

describe('patience', () => {
  test('waits until a new pod’s address is told of, and not for what cannot come', async () => {
    list();
    now += 120_000;
    book.pods.knowledge.heard(now);
    const patience = createIdentityPatience(book, () => now);
    const waiting = patience([statement(now)]);
    let isOver = false;
    void waiting.then(() => {
      isOver = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 250));
    expect(isOver).toBe(false);
    book.pods.present(pod({ started: now }), now);
    await waiting;
    expect(createIdentityEnricher(book)(statement(now + 3_000)).dbaudit.client?.k8s.pod).toBe('orders');
    await patience([statement(now - HOUR)]);
  });

  test('ends, and does not wait for the same address again', async () => {
    list();
    const patience = createIdentityPatience(book, () => now);
    await patience([statement(now)]);
    let looks = 0;
    const isAwaited = book.isAwaited.bind(book);
    book.isAwaited = (...parameters) => {
      looks += 1;
      return isAwaited(...parameters);
    };
    await patience([statement(now)]);
    // The other side's address alone was looked at.
    expect(looks).toBe(1);
  });
});

function statement(at: number, action: AuditEvent['event']['action'] = 'db.query'): AuditEvent {
  return {
    '@timestamp': iso(at).replace('Z', '000000Z'),
    ecs: { version: '8.17.0' },
    event: {
      id: 'x',
      kind: 'event',
      category: ['database'],
      type: ['access'],
      action,
      outcome: 'success',
      dataset: 'dbaudit',
      sequence: 0,
    },
    client: { ip: '10.244.0.5', port: 40_000 },
    server: { ip: '203.0.113.7', port: 5432 },
    dbaudit: {
      schema: 1,
      session: { id: '0'.repeat(32), index: 0, captured_from_start: true },
      capture: { mode: 'node' },
    },
  };
}
