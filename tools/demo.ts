/**
 * `make demo`: real databases, their own clients at work, and the agent that watches them. Leaves nothing running.
 * `--record` makes the recording anew that is shown where capturing is not allowed.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { formatEventTable } from '../cmd/event-table.ts';
import type { AuditEvent } from '../contract/audit-event.ts';
import { temporaryDirectory } from '../test/support/leftovers.ts';
import { LiveAgent } from '../test/support/live-agent.ts';
import { record } from '../test/support/recording.ts';
import { replayFile } from '../test/support/replay.ts';
import { startMariadb } from '../test/support/servers/mariadb.ts';
import { startPostgres } from '../test/support/servers/postgres.ts';
import { startRedis } from '../test/support/servers/redis.ts';
import type { RunningServer, ServerAddress } from '../test/support/servers/running-server.ts';
import { missingCaptureRight } from './demo/capture-right.ts';
import { DemoCollector } from './demo/collector.ts';
import { MARIADB_TABLES, visitMariadb } from './demo/mariadb-workload.ts';
import { POSTGRES_TABLES, visitPostgres } from './demo/postgres-workload.ts';
import { visitRedis } from './demo/redis-workload.ts';
import { reportOn, type Watched, WIDTH } from './demo/report.ts';

const RECORDING = join(import.meta.dirname, 'demo/recording.pcap.gz');
/** What the servers counted while RECORDING was made. */
const RECORDED = join(import.meta.dirname, 'demo/recording.ledger.json.gz');

/** What a shell gives for a command that Ctrl-C ended. */
const EXIT_INTERRUPTED = 130;

interface Stage {
  readonly name: string;
  readonly server: RunningServer;
  readonly tables: readonly string[];
  readonly visit: (server: ServerAddress) => Promise<void>;
}

function say(...lines: readonly string[]): void {
  process.stdout.write(`${lines.join('\n')}\n`);
}

const running: { stop(): Promise<unknown> }[] = [];

async function started<Part extends { stop(): Promise<unknown> }>(starting: Promise<Part>): Promise<Part> {
  const part = await starting;
  running.push(part);
  return part;
}

async function stopAll(): Promise<void> {
  await Promise.allSettled(running.splice(0).map((part) => part.stop()));
}

async function startServers(): Promise<readonly Stage[]> {
  const [mariadb, postgres, redis] = await Promise.all([
    started(startMariadb()),
    started(startPostgres()),
    started(startRedis()),
  ]);
  const stages: Stage[] = [
    { name: 'mariadb', server: mariadb, tables: MARIADB_TABLES, visit: visitMariadb },
    { name: 'postgresql', server: postgres, tables: POSTGRES_TABLES, visit: visitPostgres },
    { name: 'redis', server: redis, tables: [], visit: visitRedis },
  ];
  for (const { server, tables } of stages) {
    await server.administer(tables);
    await server.openLedger();
  }
  return stages;
}

/** Lets the clients work; gives what the servers counted of them. */
async function play(stages: readonly Stage[]): Promise<Watched[]> {
  await Promise.all(stages.map(({ server, visit }) => visit(server)));
  return Promise.all(
    stages.map(async ({ name, server: { protocol, port, ...server } }) => ({
      name,
      protocol,
      port,
      ledger: await server.readLedger(),
    })),
  );
}

async function showLive(): Promise<void> {
  say('Starting MariaDB, PostgreSQL and Redis on free loopback ports …');
  const stages = await startServers();
  const ports = Object.fromEntries(stages.map(({ server }) => [server.protocol, [server.port]]));
  const agent = await started(LiveAgent.start({ ports }));
  say('The agent captures; the clients of three databases go to work …');
  const watched = await play(stages);
  const events: AuditEvent[] = [];
  await agent.stop((event) => events.push(event));
  for (const database of watched) say(...reportOn(database, events));
  const gaps = events.filter(({ event }) => event.action === 'db.gap');
  if (gaps.length > 0) say('', 'Not everything was seen, as the agent says itself:', ...formatEventTable(gaps, WIDTH));
  await showCollector(events);
}

/** What a team looks at: the page stays until Ctrl-C where somebody is there to look at it. */
async function showCollector(events: readonly AuditEvent[]): Promise<void> {
  say('', 'The collector takes these events …');
  const collector = await started(DemoCollector.start());
  await collector.take(events);
  const totals = await collector.totals();
  const report = await collector.dayReport();
  say(
    `today: ${totals.events} events, ${totals.errors} errors, ${totals.slow} slow, ${totals.rows} rows read, ${totals.affected} changed, ${totals.sessions} sessions`,
    `the day’s report: ${report}`,
    `the page:         ${collector.url}`,
    `sign in with the token ${collector.token}`,
  );
  if (process.stdin.isTTY !== true || process.stdout.isTTY !== true) return;
  say('', 'Ctrl-C ends the demo.');
  await new Promise(() => undefined);
}

async function showRecording(reason: string): Promise<void> {
  say(`Nothing can be captured here: ${reason}.`, 'This is a replay of a recording of the same demo.');
  const watched = JSON.parse(gunzipSync(readFileSync(RECORDED)).toString()) as readonly Watched[];
  const events = replayFile(RECORDING);
  for (const database of watched) say(...reportOn(database, events));
  await showCollector(events);
}

async function makeRecording(): Promise<void> {
  const directory = temporaryDirectory('recording');
  const stages = await startServers();
  const file = join(directory.path, 'demo.pcap');
  const recording = await started(
    record(
      stages.map(({ server }) => server.port),
      file,
    ),
  );
  const watched = await play(stages);
  await recording.stop();
  const packed = gzipSync(readFileSync(file), { level: 9 });
  writeFileSync(RECORDING, packed);
  writeFileSync(RECORDED, gzipSync(JSON.stringify(watched), { level: 9 }));
  directory.remove();
  say(`${RECORDING}: ${packed.length} bytes`);
}

let interrupted = false;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => {
    interrupted = true;
    say('', 'Stopping …');
    // The clients lose their servers now, each in its own way.
    process.on('uncaughtException', () => undefined);
    void stopAll().then(() => process.exit(EXIT_INTERRUPTED));
  });
}

try {
  const missing = missingCaptureRight();
  if (process.argv.includes('--record')) await makeRecording();
  else if (missing === undefined) await showLive();
  else await showRecording(missing);
} catch (error) {
  if (!interrupted) throw error;
} finally {
  await stopAll();
}
