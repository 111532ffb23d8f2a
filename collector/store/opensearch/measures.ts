import * as z from 'zod';
import { MEASURES, type Measure } from '../event-store.ts';

const SLOW_NANOS = 1_000_000_000;
/** OpenSearch's most: up to so many distinct values are counted nearly exactly, more to within some per cent. */
export const EXACT_UP_TO = 40_000;
/** The same where there are thousands of buckets: it takes some 8 bytes a value of each, used or not. */
const EXACT_PER_BUCKET = 1_000;

/** How each measure is had of the events of a bucket; `events` are its documents. */
const MEASURE_AGGREGATIONS: Readonly<Record<Exclude<Measure, 'events'>, object>> = {
  errors: { filter: { term: { 'event.outcome': 'failure' } } },
  slow: { filter: { range: { 'event.duration': { gt: SLOW_NANOS } } } },
  rows: { sum: { field: 'db.response.returned_rows' } },
  affected: { sum: { field: 'dbaudit.result.affected_rows' } },
  bytes: { sum: { field: 'dbaudit.result.bytes' } },
  duration: { sum: { field: 'event.duration' } },
  clients: distinct('client.ip', EXACT_PER_BUCKET),
  sessions: distinct('dbaudit.session.id', EXACT_PER_BUCKET),
};

function distinct(field: string, precision: number): object {
  return { cardinality: { field, precision_threshold: precision } };
}

/** The aggregations of some measures, under their names, for the events of each bucket. */
export function aggregationsOf(measures: readonly Measure[]): Record<string, object> {
  return Object.fromEntries(
    measures.flatMap((measure) => (measure === 'events' ? [] : [[measure, MEASURE_AGGREGATIONS[measure]]])),
  );
}

/** Those of all events together. */
export function totalAggregations(): Record<string, object> {
  return {
    ...aggregationsOf(MEASURES),
    clients: distinct('client.ip', EXACT_UP_TO),
    sessions: distinct('dbaudit.session.id', EXACT_UP_TO),
  };
}

/** What ranks buckets by a measure, the greatest first; equal ones in the order of their values. */
export function orderBy(measure: Measure): readonly object[] {
  return [{ [measure === 'events' ? '_count' : measure]: 'desc' }, { _key: 'asc' }];
}

/** A number that an aggregation gives: null where there was nothing to take it of. */
const figure = z.union([z.object({ value: z.number().nullable() }), z.object({ doc_count: z.number() })]);
export const bucketSchema = z.looseObject({ doc_count: z.number() });
export type Bucket = z.infer<typeof bucketSchema>;

export function measureOf(measure: Measure, bucket: Bucket): number {
  return measure === 'events' ? bucket.doc_count : figureOf(bucket[measure]);
}

export function figureOf(aggregation: unknown): number {
  const own = figure.parse(aggregation);
  return 'value' in own ? (own.value ?? 0) : own.doc_count;
}
