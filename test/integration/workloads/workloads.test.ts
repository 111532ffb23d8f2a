import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { availableServers } from '../../support/servers/catalog.ts';
import type { RunningServer } from '../../support/servers/running-server.ts';
import { availableWorkloads, runWorkload } from '../../support/workloads/catalog.ts';
import { makeTables } from '../../support/workloads/schema.ts';

/** For hangs: servers take seconds to start, on a busy machine a minute. */
jest.setTimeout(240_000);

/** One of a kind: the completeness suite runs every load on every server. */
const PROTOCOLS = ['mysql', 'postgresql', 'redis'] as const;

const ofProtocol = { mysql: 'mariadb', postgresql: 'postgresql', redis: 'redis' } as const;

describe.each(PROTOCOLS)('workloads for %s', (protocol) => {
  let server: RunningServer;

  beforeAll(async () => {
    const available = availableServers().find(({ name }) => name.startsWith(ofProtocol[protocol]));
    if (available === undefined) throw new Error(`no ${protocol} server here; run tools/install-packages.sh demo`);
    server = await available.start();
    await makeTables(server);
  });

  afterAll(() => server?.stop());

  test.each(availableWorkloads(protocol))('$name does the same to the unit each time', async (load) => {
    const ledgers = [];
    for (let run = 0; run < 2; run++) {
      await server.openLedger();
      await runWorkload(load, server, { rounds: 11 });
      ledgers.push(await server.readLedger());
    }
    const [first, second] = ledgers;
    expect(first?.statements.length).toBeGreaterThan(11);
    expect(second?.statements.length).toBe(first?.statements.length);
    expect(first?.logins.filter((login) => login.endsWith('failed'))).not.toEqual([]);
  });
});
