import { createReadStream } from 'node:fs';
import { pino } from 'pino';
import { UserError } from '../contract/user-error.ts';
import { readCollectorConfig } from './config.ts';
import { templateEnricher } from './event/template.ts';
import { checkEvent } from './ingest/event-check.ts';
import { Intake } from './intake.ts';
import { openKept } from './kept.ts';
import { importEvents } from './store/import-events.ts';

const SHOWN_REFUSALS = 10;

/** Takes a file of events into the store of a collector that does not run. Again: what is kept already is left out. */
export async function importFile(configFile: string | undefined, file: string): Promise<void> {
  const config = await readCollectorConfig(configFile);
  if (config.access.type !== 'token') {
    throw new UserError(
      'DBA1004',
      'in a cluster the collector has its store open',
      'import where access.type is token',
    );
  }
  const log = pino({ level: config.logLevel, base: null }, process.stderr);
  const { store, close } = await openKept(config, undefined, log);
  try {
    const intake = new Intake({ enrichers: [templateEnricher()], store, observers: [] });
    const input = file === '-' ? process.stdin : createReadStream(file);
    const { added, repeated, refused } = await importEvents(input, checkLine, (events) =>
      intake.take(events, `import/${file}`),
    );
    for (const { line, reason } of refused.slice(0, SHOWN_REFUSALS)) process.stderr.write(`line ${line}: ${reason}\n`);
    process.stdout.write(`${added} events added, ${repeated} were there already, ${refused.length} lines refused\n`);
    if (refused.length > 0) process.exitCode = 1;
  } finally {
    await close();
  }
}

function checkLine(line: string) {
  try {
    return checkEvent(JSON.parse(line));
  } catch {
    return { reason: 'no JSON' };
  }
}
