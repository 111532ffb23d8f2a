import * as z from 'zod';
import type { Top, TopRequest, TopRow } from '../event-store.ts';
import type { SearchCluster } from './cluster.ts';
import { type GroupField, groupField } from './group-field.ts';
import { aggregationsOf, type Bucket, bucketSchema, EXACT_UP_TO, figureOf, measureOf, orderBy } from './measures.ts';
import { selectionQuery } from './selection.ts';

/**
 * Buckets that each shard ranks by itself: with as many distinct values or fewer the ranking is exact, whatever number of
 * shards there is.
 */
const SHARD_SIZE = 5_000;
/** The same where distinct values are counted in each bucket, which takes memory. */
const SHARD_SIZE_OF_DISTINCT = 1_000;
const keyedBucket = bucketSchema.extend({ key: z.union([z.string(), z.number(), z.array(z.unknown())]) });
const reply = z.object({
  aggregations: z
    .looseObject({
      top: z.object({ buckets: z.array(keyedBucket) }),
      distinct: z.object({ value: z.number() }).optional(),
    })
    .optional(),
});

/** The values, or combinations of values, with most of a measure; equal ones in the order of their values. */
export async function top(
  cluster: SearchCluster,
  indexes: string,
  request: TopRequest,
  signal?: AbortSignal,
): Promise<Top> {
  const { fields, measure, limit } = request;
  const groups = fields.map(groupField);
  const [first] = groups;
  if (first === undefined) return { rows: [], distinct: 0 };
  const isOne = groups.length === 1;
  // Numbers are ranked as numbers there, and texts here.
  const most = measure === 'clients' || measure === 'sessions' ? SHARD_SIZE_OF_DISTINCT : SHARD_SIZE;
  const size = isOne && typeof first.source.missing === 'string' ? limit : most;
  const own = {
    size,
    shard_size: Math.max(size, most),
    order: orderBy(measure),
  };
  const body = {
    size: 0,
    query: selectionQuery(request),
    track_total_hits: false,
    aggs: {
      top: {
        ...(isOne
          ? { terms: { ...first.source, ...own } }
          : { multi_terms: { terms: groups.map(({ source }) => source), ...own } }),
        aggs: {
          ...aggregationsOf([...new Set([measure, 'errors', 'duration', 'rows'] as const)]),
          first: { min: { field: '@timestamp' } },
          last: { max: { field: '@timestamp' } },
        },
      },
      ...(isOne && distinctOf(first)),
    },
  };
  const { aggregations } = await cluster.search(indexes, body, reply, signal);
  if (aggregations === undefined) return { rows: [], distinct: 0 };
  const { buckets } = aggregations.top;
  return {
    rows: buckets
      .map((bucket) => rowOf(bucket, groups, request))
      .sort(byCountThenValues)
      .slice(0, limit),
    // Combinations are counted as far as they are given.
    distinct: isOne ? Math.max(buckets.length, figureOf(aggregations.distinct)) : buckets.length,
  };
}

/** Counted with those that have none as one value more. */
function distinctOf({ source }: GroupField): object {
  return { distinct: { cardinality: { ...source, precision_threshold: EXACT_UP_TO } } };
}

function rowOf(bucket: Bucket & { key: unknown }, groups: readonly GroupField[], { measure }: TopRequest): TopRow {
  const keys = Array.isArray(bucket.key) ? bucket.key : [bucket.key];
  return {
    values: groups.map((group, index) => group.text(keys[index])),
    count: measureOf(measure, bucket),
    events: bucket.doc_count,
    errors: measureOf('errors', bucket),
    duration: measureOf('duration', bucket),
    rows: measureOf('rows', bucket),
    first: Math.floor(figureOf(bucket.first)),
    last: Math.floor(figureOf(bucket.last)),
  };
}

function byCountThenValues(a: TopRow, b: TopRow): number {
  return b.count - a.count || Buffer.compare(keyOf(a), keyOf(b));
}

/** In the order of bytes, value by value. */
function keyOf({ values }: TopRow): Buffer {
  return Buffer.from(values.join('\0'));
}
