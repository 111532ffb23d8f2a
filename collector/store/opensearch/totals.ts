import * as z from 'zod';
import type { MEASURES, Selection, Totals } from '../event-store.ts';
import type { SearchCluster } from './cluster.ts';
import { bucketSchema, measureOf, totalAggregations } from './measures.ts';
import { selectionQuery } from './selection.ts';

const reply = z.object({
  hits: z.object({ total: z.object({ value: z.number() }) }),
  aggregations: z.looseObject({}).optional(),
});

/** Every measure of a selection. */
export async function totals(
  cluster: SearchCluster,
  indexes: string,
  selection: Selection,
  signal?: AbortSignal,
): Promise<Totals> {
  const body = {
    size: 0,
    query: selectionQuery(selection),
    track_total_hits: true,
    aggs: totalAggregations(),
  };
  const { hits, aggregations } = await cluster.search(indexes, body, reply, signal);
  // Without an index there are no aggregations.
  const all = bucketSchema.parse({ ...aggregations, doc_count: hits.total.value });
  const of = (measure: (typeof MEASURES)[number]) => (aggregations === undefined ? 0 : measureOf(measure, all));
  return {
    events: of('events'),
    errors: of('errors'),
    slow: of('slow'),
    rows: of('rows'),
    affected: of('affected'),
    bytes: of('bytes'),
    duration: of('duration'),
    clients: of('clients'),
    sessions: of('sessions'),
  };
}
