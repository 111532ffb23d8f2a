import { benchCollectorIngest } from './collector-ingest.ts';
import { benchCollectorQueries } from './collector-queries.ts';
import { benchConnections } from './connections.ts';
import { benchFile } from './file.ts';
import { benchLive } from './live.ts';
import { benchReply } from './reply.ts';
import { benchSinks } from './sinks.ts';

/** `make bench` runs all parts; `make bench PART=file` one; `PART="file mysql-text"` one recording of it. */
const [part, ...names] = process.argv.slice(2);
const parts = {
  file: () => benchFile(names),
  live: benchLive,
  connections: benchConnections,
  reply: benchReply,
  sinks: () => benchSinks(names),
  'collector-ingest': benchCollectorIngest,
  'collector-queries': () => benchCollectorQueries(names),
};

if (part === undefined) {
  for (const run of Object.values(parts)) await run();
} else if (Object.hasOwn(parts, part)) {
  await parts[part as keyof typeof parts]();
} else {
  process.stderr.write(`there is no part ${part}; the parts are ${Object.keys(parts).join(', ')}\n`);
  process.exitCode = 1;
}
