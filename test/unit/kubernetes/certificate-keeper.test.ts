import { X509Certificate } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import {
  CertificateKeeper,
  type CertificateStore,
  type StoredCertificates,
} from '../../../kubernetes/certificates/certificate-keeper.ts';
import { bundleOf, parseState } from '../../../kubernetes/certificates/certificate-state.ts';
import { serviceNames } from '../../../kubernetes/certificates/key-pairs.ts';

const SETTLE_MILLIS = 60_000;

/** One Secret and one webhook configuration, with the API server's refusal of writes that come too late. */
class Cluster {
  secret: StoredCertificates | undefined;
  bundle = '';
  writes = 0;
  #version = 0;

  write(annotations: StoredCertificates['annotations'], data: StoredCertificates['data']): void {
    this.writes += 1;
    this.#version += 1;
    this.secret = { resourceVersion: String(this.#version), annotations, data };
  }
}

/** A replica that hears of the Secret when it is told to. */
class Replica {
  heard: StoredCertificates | undefined;
  leaf = '';
  readonly keeper: CertificateKeeper;
  readonly #cluster: Cluster;

  constructor(cluster: Cluster, now: () => Date) {
    this.#cluster = cluster;
    const store: CertificateStore = {
      synced: () => true,
      current: () => this.heard,
      create: async (data) => {
        if (cluster.secret !== undefined) return 'lost';
        cluster.write({}, data);
        return 'written';
      },
      replace: async ({ resourceVersion, annotations, data }) => {
        if (cluster.secret?.resourceVersion !== resourceVersion) return 'lost';
        cluster.write(annotations, data);
        return 'written';
      },
    };
    this.keeper = new CertificateKeeper({
      store,
      published: { holds: (bundle) => cluster.bundle === bundle },
      dnsNames: serviceNames('dbaudit-injector', 'dbaudit-system'),
      settleMillis: SETTLE_MILLIS,
      log: pino({ level: 'silent' }),
      now,
      onLeaf: ({ certificate }) => {
        this.leaf = certificate;
      },
    });
  }

  hear(): void {
    this.heard = this.#cluster.secret;
  }

  /** As in the process: look, then publish by what the API server holds. */
  async look(): Promise<void> {
    await this.keeper.look();
    if (this.#cluster.secret !== undefined) this.#cluster.bundle = bundleOf(parseState(this.#cluster.secret.data));
  }
}

function trusted({ bundle }: Cluster, { leaf }: Replica): boolean {
  return bundle
    .split(/(?<=-----END CERTIFICATE-----\n)/)
    .some((ca) => new X509Certificate(leaf).verify(new X509Certificate(ca).publicKey));
}

async function running() {
  let millis = Date.parse('2026-01-01T00:00:00Z');
  const cluster = new Cluster();
  const replicas = [1, 2].map(() => new Replica(cluster, () => new Date(millis)));
  const lookAll = async () => {
    await Promise.all(replicas.map((replica) => replica.look()));
    for (const replica of replicas) replica.hear();
  };
  const pass = (duration: number) => {
    millis += duration;
  };
  await lookAll();
  await lookAll();
  return { cluster, replicas, lookAll, pass };
}

describe('two replicas', () => {
  test('that start at the same time come to show one leaf', async () => {
    const { cluster, replicas } = await running();
    expect(cluster.writes).toBe(1);
    expect(replicas[0]?.leaf).toMatch(/^-----BEGIN CERTIFICATE-----/);
    expect(replicas[1]?.leaf).toBe(replicas[0]?.leaf);
  });

  test('renew the leaf once when asked, and take the annotation off', async () => {
    const { cluster, replicas, lookAll } = await running();
    const before = replicas[0]?.leaf;
    cluster.write({ 'dbaudit.io/rotate': 'leaf', other: 'kept' }, cluster.secret?.data ?? {});
    for (const replica of replicas) replica.hear();
    await lookAll();
    await lookAll();
    expect(cluster.writes).toBe(3);
    expect(cluster.secret?.annotations).toEqual({ other: 'kept' });
    expect(replicas[0]?.leaf).not.toBe(before);
    expect(replicas[1]?.leaf).toBe(replicas[0]?.leaf);
  });

  test('roll the authority, and what they show is trusted at every moment', async () => {
    const { cluster, replicas, lookAll, pass } = await running();
    const first = cluster.bundle;
    cluster.write({ 'dbaudit.io/rotate': 'ca' }, cluster.secret?.data ?? {});
    for (const replica of replicas) replica.hear();
    const sizes: number[] = [];
    for (let step = 0; step < 20; step += 1) {
      // One after the other hears and acts: the second is behind by a step.
      for (const replica of replicas) {
        await replica.look();
        for (const each of replicas) expect(trusted(cluster, each)).toBe(true);
        replica.hear();
      }
      sizes.push(cluster.bundle.split('BEGIN').length - 1);
      pass(SETTLE_MILLIS / 2);
    }
    expect(sizes).toContain(2);
    expect(sizes.at(-1)).toBe(1);
    expect(cluster.bundle).not.toBe(first);
    // Asked for, staged, promoted, dropped, after the first.
    expect(cluster.writes).toBe(5);
    await lookAll();
    expect(replicas[1]?.leaf).toBe(replicas[0]?.leaf);
  });

  test('do not promote what is not published, however long it takes', async () => {
    const { cluster, replicas, pass } = await running();
    const old = cluster.bundle;
    cluster.write({ 'dbaudit.io/rotate': 'ca' }, cluster.secret?.data ?? {});
    for (let step = 0; step < 10; step += 1) {
      for (const replica of replicas) {
        replica.hear();
        await replica.keeper.look();
        // Somebody else writes the old one each time.
        cluster.bundle = old;
      }
      pass(SETTLE_MILLIS);
    }
    expect(Object.keys(cluster.secret?.data ?? {})).toContain('next-ca.crt');
    for (const replica of replicas) expect(trusted(cluster, replica)).toBe(true);
  });

  test.each([
    ['is deleted', undefined],
    ['is damaged', { 'tls.crt': 'aGVsbG8=' }],
  ])('write the Secret as it was when it %s', async (_, data) => {
    const { cluster, replicas, lookAll } = await running();
    const before = cluster.secret?.data;
    const leaf = replicas[0]?.leaf;
    if (data === undefined) cluster.secret = undefined;
    else cluster.write({}, data);
    for (const replica of replicas) replica.hear();
    await Promise.all(replicas.map((replica) => replica.keeper.look()));
    expect(cluster.secret?.data).toEqual(before);
    await lookAll();
    expect(replicas.map((replica) => replica.leaf)).toEqual([leaf, leaf]);
  });
});
