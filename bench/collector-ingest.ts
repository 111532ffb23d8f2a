import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { endWithUs, temporaryDirectory } from '../test/support/leftovers.ts';
import { extensionDirectory, HOST_ARCHITECTURE } from '../tools/duckdb-extension.ts';
import { micros } from './measure.ts';

/** `DBAUDIT_BENCH_EVENTS=1000000` for figures to be published. */
const EVENTS = Number(process.env.DBAUDIT_BENCH_EVENTS ?? 200_000);
/** What the collector's image gives Node; without a limit V8 takes what the machine has. */
const HEAP_MEBIBYTES = 192;

const costSchema = z.object({
  events: z.int(),
  seconds: z.number(),
  cpuSeconds: z.number(),
  maxRssMebibytes: z.number(),
  exportSeconds: z.number(),
  exportCpuSeconds: z.number(),
  recentBytes: z.int(),
  bytes: z.int(),
  partitions: z.int(),
});

/** Events through the collector's store: how fast, at what CPU time, in how much memory and space; plain and encrypted. */
export async function benchCollectorIngest(): Promise<void> {
  await measure('plain');
  if (existsSync(extensionDirectory(HOST_ARCHITECTURE))) await measure('encrypted');
  else console.log('encrypted: left out, tools/duckdb-extension.ts has not fetched the extension');
}

async function measure(kind: 'plain' | 'encrypted'): Promise<void> {
  const directory = temporaryDirectory('bench-ingest');
  try {
    const keyFile = join(directory.path, 'key');
    writeFileSync(keyFile, randomBytes(32).toString('base64'));
    const store = join(directory.path, 'store');
    const cost = await load([store, String(EVENTS), kind === 'plain' ? '-' : keyFile]);
    const partitions = join(store, 'partitions');
    const exported = readdirSync(partitions).reduce((sum, file) => sum + statSync(join(partitions, file)).size, 0);
    console.log(
      `${kind}: ${cost.events} events, ${Math.round(cost.events / cost.seconds)} a second, ${micros(cost.cpuSeconds, cost.events)} CPU an event; ` +
        `${(cost.recentBytes / cost.events).toFixed(1)} bytes an event in the table, ${(exported / cost.events).toFixed(1)} in ${cost.partitions} partitions ` +
        `(${micros(cost.exportCpuSeconds, cost.events)} CPU an event, ${cost.exportSeconds.toFixed(1)} s); at most ${Math.round(cost.maxRssMebibytes)} MiB resident`,
    );
  } finally {
    directory.remove();
  }
}

function load(parameters: readonly string[]): Promise<z.infer<typeof costSchema>> {
  const program = join(import.meta.dirname, 'collector-ingest-load.ts');
  const child = spawn(
    process.execPath,
    ['--no-warnings', `--max-old-space-size=${HEAP_MEBIBYTES}`, program, ...parameters],
    {
      stdio: ['ignore', 'inherit', 'inherit', 'pipe'],
    },
  );
  endWithUs(child);
  return new Promise((resolve, reject) => {
    let text = '';
    child.stdio[3]?.on('data', (data) => {
      text += data;
    });
    child.once('close', (status) => {
      if (status === 0) resolve(costSchema.parse(JSON.parse(text)));
      else reject(new Error(`the load ended with ${status}`));
    });
  });
}
