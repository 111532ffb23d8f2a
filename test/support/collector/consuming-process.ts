/**
 * `consuming-process.ts SETTINGS`: a collector's way of events from Kafka to OpenSearch, without the rest of it. SETTINGS: JSON
 * of `source` and `store`. Prints `taken N` after each batch, N being all that it added; ends cleanly on SIGTERM.
 */
import { writeSync } from 'node:fs';
import pino from 'pino';
import * as z from 'zod';
import { ingestedEnricher } from '../../../collector/event/ingested.ts';
import { kafkaSourceSchema } from '../../../collector/ingest/kafka/settings.ts';
import { startKafkaSource } from '../../../collector/ingest/kafka.ts';
import { Intake } from '../../../collector/intake.ts';
import { openOpenSearchStore } from '../../../collector/store/opensearch/opensearch-store.ts';
import { openSearchStoreSchema } from '../../../collector/store/opensearch/settings.ts';

const { source: sourceSettings, store: storeSettings } = z
  .object({ source: kafkaSourceSchema, store: openSearchStoreSchema })
  .parse(JSON.parse(process.argv[2] ?? ''));
const log = pino({ level: 'warn' }, pino.destination(2));
const store = openOpenSearchStore({ settings: storeSettings, log });
let taken = 0;
const intake = new Intake({
  enrichers: [ingestedEnricher()],
  store,
  observers: [
    (events) => {
      taken += events.length;
      writeSync(1, `taken ${taken}\n`);
    },
  ],
});
const source = await startKafkaSource(sourceSettings, {
  take: (events, chain) => intake.take(events, chain),
  log,
  onNotice: (notice) => log.warn({ notice }),
});
process.once('SIGTERM', async () => {
  await source.stop();
  await store.close();
});
