import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { AuditEvent } from '../../../contract/audit-event.ts';
import { compare, describeComparison } from '../../support/completeness/comparison.ts';
import { EventLedger, NO_TEXT } from '../../support/completeness/event-ledger.ts';
import { LiveAgent } from '../../support/live-agent.ts';
import { type AvailableServer, availableServers } from '../../support/servers/catalog.ts';
import type { RunningServer, ServerProtocol } from '../../support/servers/running-server.ts';
import { availableWorkloads, missingWorkloads, runWorkload } from '../../support/workloads/catalog.ts';
import { makeTables } from '../../support/workloads/schema.ts';

const SECONDS = Number(process.env.DBAUDIT_COMPLETENESS_SECONDS ?? 2);
/** Names as `mariadb-10.11`, by comma; `all`: whatever is on this machine; `installed`: Debian's packages alone. */
const WANTED = process.env.DBAUDIT_COMPLETENESS_SERVERS ?? 'all';

/** For hangs: a load takes its seconds, and its client, server and agent up to a minute each to start and end. */
jest.setTimeout((SECONDS + 240) * 1000);

function print(line: string): void {
  process.stderr.write(`${line}\n`);
}

function wantedServers(): readonly AvailableServer[] {
  const here = availableServers();
  if (WANTED === 'all') return here;
  if (WANTED === 'installed') return here.filter(({ installed }) => installed);
  return WANTED.split(',').map((name) => {
    const found = here.find((server) => server.name === name);
    if (found === undefined) throw new Error(`${name} is not here; there are ${here.map((s) => s.name).join(', ')}`);
    return found;
  });
}

function total(gaps: readonly AuditEvent[], count: 'gap_packets' | 'gap_events'): number {
  return gaps.reduce((sum, { dbaudit }) => sum + (dbaudit.capture[count] ?? 0), 0);
}

const equality = (count: number) => `${count} counted, ${count} seen, 0 missed, 0 extra`;

function protocolOf(name: string): ServerProtocol {
  if (name.startsWith('postgresql')) return 'postgresql';
  return name.startsWith('redis') ? 'redis' : 'mysql';
}

for (const { name, program } of missingWorkloads()) print(`${name}: left out, its ${program} client is not here`);

describe.each(wantedServers())('every statement of a client of $name is seen', ({ name, start }) => {
  const protocol = protocolOf(name);
  let server: RunningServer;

  beforeAll(async () => {
    server = await start();
    await makeTables(server);
  });

  afterAll(() => server?.stop());

  test.each(availableWorkloads(protocol))('$name', async (load) => {
    const agent = await LiveAgent.start({ ports: { [protocol]: [server.port] } });
    let ran = false;
    try {
      await server.openLedger();
      await runWorkload(load, server, { seconds: SECONDS });
      ran = true;
    } finally {
      if (!ran) await agent.stop();
    }
    const ledger = await server.readLedger();
    const seen = new EventLedger(protocol);
    const gaps: AuditEvent[] = [];
    await agent.stop((event) => {
      seen.add(event);
      if (event.event.action === 'db.gap') gaps.push(event);
    });
    const droppedPackets = total(gaps, 'gap_packets');
    const lostEvents = total(gaps, 'gap_events');
    const statements = compare(ledger.statements, seen.statements);
    const logins = compare(ledger.logins, seen.logins);
    print(
      `${name} ${load.name}: ${describeComparison(statements)}, ${droppedPackets} dropped${lostEvents > 0 ? `, ${lostEvents} events not written` : ''}`,
    );
    if (logins.missed.length + logins.extra.length > 0) print(`  logins: ${describeComparison(logins)}`);
    expect(statements.counted).toBeGreaterThan(0);
    if (droppedPackets + lostEvents > 0) {
      // What was lost may be missing, for the agent has said so; nothing may be made up for it.
      expect(statements.extra.filter((key) => key !== NO_TEXT).slice(0, 5)).toEqual([]);
      if (droppedPackets === 0) expect(statements.missed.length).toBeLessThanOrEqual(lostEvents);
      return;
    }
    expect(describeComparison(statements)).toBe(equality(ledger.statements.length));
    expect(describeComparison(logins)).toBe(equality(ledger.logins.length));
    expect(gaps).toEqual([]);
  });
});
