import * as z from 'zod';
import type { Histogram, HistogramRequest } from '../event-store.ts';
import { stepsOf } from '../steps.ts';
import type { SearchCluster } from './cluster.ts';
import { type GroupField, groupField } from './group-field.ts';
import { aggregationsOf, type Bucket, bucketSchema, measureOf } from './measures.ts';
import { selectionQuery } from './selection.ts';
import { top } from './top.ts';

const DEFAULT_LINES = 8;
/** The line of all values that have none of their own, and of events without one. */
const OTHERS = '';

const stepBuckets = z.object({ buckets: z.array(bucketSchema.extend({ key: z.number() })) });
const reply = z.object({
  aggregations: z.object({ lines: z.object({ buckets: z.array(z.looseObject({ steps: stepBuckets })) }) }).optional(),
});

/** A measure over time, in steps that begin at multiples of their length, so that a moving range keeps them. */
export async function histogram(
  cluster: SearchCluster,
  indexes: string,
  request: HistogramRequest,
  signal?: AbortSignal,
): Promise<Histogram> {
  const { measure, by, range, stepSeconds } = request;
  const steps = stepsOf(range, stepSeconds);
  const values = by === undefined ? [] : await mostFrequent(cluster, indexes, request, by, signal);
  const group = by === undefined ? undefined : groupField(by);
  const lines = [...values, OTHERS];
  const body = {
    size: 0,
    query: selectionQuery(request),
    track_total_hits: false,
    aggs: {
      lines: {
        filters: { filters: lines.map((value) => lineQuery(group, value, values)) },
        aggs: {
          steps: {
            date_histogram: { field: '@timestamp', fixed_interval: `${stepSeconds}s`, min_doc_count: 1 },
            aggs: aggregationsOf([measure]),
          },
        },
      },
    },
  };
  const { aggregations } = await cluster.search(indexes, body, reply, signal);
  const buckets = aggregations?.lines.buckets ?? [];
  const positions = new Map(steps.map((step, index) => [step, index]));
  return {
    steps,
    lines: lines.flatMap((value, index) => {
      const counted: readonly (Bucket & { key: number })[] = buckets[index]?.steps.buckets ?? [];
      if (value === OTHERS && by !== undefined && counted.length === 0) return [];
      const counts = new Array<number>(steps.length).fill(0);
      for (const bucket of counted) {
        const position = positions.get(bucket.key);
        if (position !== undefined) counts[position] = measureOf(measure, bucket);
      }
      return [{ value, counts }];
    }),
  };
}

/** Values that have a line, without those of events that have none. */
async function mostFrequent(
  cluster: SearchCluster,
  indexes: string,
  request: HistogramRequest,
  by: string,
  signal?: AbortSignal,
): Promise<readonly string[]> {
  const { lines = DEFAULT_LINES, measure, range, filter } = request;
  // One more, for the value of those that have none may be among them.
  const { rows } = await top(cluster, indexes, { range, filter, fields: [by], measure, limit: lines + 1 }, signal);
  return rows.flatMap(({ values: [value = ''] }) => (value === '' ? [] : [value])).slice(0, lines);
}

/** Of `OTHERS`: events that have another value, or none. */
function lineQuery(group: GroupField | undefined, value: string, values: readonly string[]): object {
  if (group === undefined) return { match_all: {} };
  const { field } = group.source;
  if (value !== OTHERS) return { term: { [field]: value } };
  return {
    bool: {
      should: [
        { bool: { must_not: [{ exists: { field } }] } },
        ...gaps(group, values).map((gap) => ({ range: { [field]: gap } })),
      ],
      minimum_should_match: 1,
    },
  };
}

/** What lies between the values: an event with several of them may have one in there beside one of these. */
function gaps({ source }: GroupField, values: readonly string[]): readonly object[] {
  const isNumber = typeof source.missing === 'number';
  const bounds = isNumber
    ? values.map(Number).sort((a, b) => a - b)
    : [...values].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  const least = isNumber ? {} : { gte: '' };
  return [...bounds, undefined].map((bound, index) => ({
    ...(index === 0 ? least : { gt: bounds[index - 1] }),
    ...(bound === undefined ? {} : { lt: bound }),
  }));
}
