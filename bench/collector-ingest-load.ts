/**
 * `collector-ingest-load.ts DIRECTORY EVENTS KEYFILE|-`: so many events through Intake into a sealed store, then to partitions.
 * Prints its cost as JSON on descriptor 3; the making of the events is not in it, but in the memory.
 */
import { writeSync } from 'node:fs';
import pino from 'pino';
import { Intake } from '../collector/intake.ts';
import { createSealer } from '../collector/integrity/sealer.ts';
import { makeSigningKey, readSigningKey } from '../collector/integrity/signing-key.ts';
import { openDuckStore } from '../collector/store/duckdb/duck-store.ts';
import { BusyEvents } from '../test/support/collector/busy-events.ts';
import { extensionDirectory, HOST_ARCHITECTURE } from '../tools/duckdb-extension.ts';
import { Stopwatch } from './stopwatch.ts';

/** What agents send at once, and how many agents do. */
const BATCH = 500;
const AGENTS = 16;
const PER_SECOND = 20_000;
const MEMORY_MEBIBYTES = 256;
const DAY_MILLIS = 86_400_000;

const [directory = '', count = '0', keyFile = '-'] = process.argv.slice(2);
const events = Number(count);
/** Set once all events are in: until then none is old. */
let later = 0;
const store = await openDuckStore({
  directory,
  memoryLimitMebibytes: MEMORY_MEBIBYTES,
  ...(keyFile === '-' ? {} : { encryptionKeyFile: keyFile, extensionDirectory: extensionDirectory(HOST_ARCHITECTURE) }),
  sealer: createSealer({ key: readSigningKey(makeSigningKey(), 'memory'), now: Date.now, publish: () => undefined }),
  log: pino({ level: 'silent' }),
  onNotice: () => undefined,
  now: () => Date.now() + later,
});
const intake = new Intake({ enrichers: [], store, observers: [] });
const sources = Array.from(
  { length: AGENTS },
  (_, agent) =>
    new BusyEvents({
      seed: agent + 1,
      agent,
      from: BigInt(Date.now()) * 1_000_000n,
      eventsPerSecond: PER_SECOND / AGENTS,
    }),
);
let [seconds, cpuSeconds, done] = [0, 0, 0];
while (done < events) {
  const batches = sources.map((source) => source.take(BATCH));
  const watch = new Stopwatch();
  await Promise.all(batches.map((batch, agent) => intake.take(batch, `agent-${agent}`)));
  const cost = watch.read(BATCH * AGENTS);
  seconds += cost.seconds;
  cpuSeconds += cost.cpuSeconds;
  done += BATCH * AGENTS;
}
const recent = await store.status();
later = DAY_MILLIS;
const watch = new Stopwatch();
await store.keep();
const kept = watch.read(done);
const { bytes, partitions } = await store.status();
await store.close();
writeSync(
  3,
  JSON.stringify({
    events: done,
    seconds,
    cpuSeconds,
    maxRssMebibytes: kept.maxRssMebibytes,
    exportSeconds: kept.seconds,
    exportCpuSeconds: kept.cpuSeconds,
    recentBytes: recent.bytes,
    bytes,
    partitions,
  }),
);
