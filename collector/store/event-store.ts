import type { AuditEvent } from '../../contract/audit-event.ts';
import type { Filter } from '../../contract/filter.ts';

/** From `from` up to, not including, `to`; milliseconds since 1970. */
export interface TimeRange {
  readonly from: number;
  readonly to: number;
}

/** Which events: those of a time that pass a filter. A scope (collector/access/scope.ts) is already in the filter. */
export interface Selection {
  readonly range: TimeRange;
  readonly filter: Filter;
}

export interface SearchRequest extends Selection {
  readonly order: 'newest' | 'oldest';
  readonly limit: number;
  /** The place after which to go on, from the page before. */
  readonly cursor?: string;
}

export interface SearchPage {
  readonly events: readonly AuditEvent[];
  /** Absent: there are no more. */
  readonly cursor?: string;
}

/** What is counted of events. `errors`: those that failed; `slow`: longer than a second; `bytes`: of the answers. */
export const MEASURES = [
  'events',
  'errors',
  'slow',
  'rows',
  'affected',
  'bytes',
  'duration',
  'clients',
  'sessions',
] as const;
export type Measure = (typeof MEASURES)[number];

export interface HistogramRequest extends Selection {
  readonly stepSeconds: number;
  readonly measure: Measure;
  /** A line for each of its most frequent values, and one for all others (`''`). */
  readonly by?: string;
  readonly lines?: number;
}

export interface Histogram {
  /** The beginning of each step, milliseconds since 1970; every step of the range is there. */
  readonly steps: readonly number[];
  readonly lines: readonly { readonly value: string; readonly counts: readonly number[] }[];
}

export interface TopRequest extends Selection {
  /** One field, or several whose combinations are ranked. Where one is absent from an event its value is `''`. */
  readonly fields: readonly string[];
  readonly measure: Measure;
  readonly limit: number;
}

export interface TopRow {
  readonly values: readonly string[];
  readonly count: number;
  readonly events: number;
  readonly errors: number;
  /** Nanoseconds in all, of events that have a duration. */
  readonly duration: number;
  readonly rows: number;
  /** Milliseconds since 1970. */
  readonly first: number;
  readonly last: number;
}

export interface Top {
  readonly rows: readonly TopRow[];
  /** Distinct combinations, beyond `rows` too. */
  readonly distinct: number;
}

export type Totals = Readonly<Record<Measure, number>>;

export interface AppendResult {
  /** In the order given; repeats, within the batch or of what is kept, are left out. */
  readonly added: readonly AuditEvent[];
  readonly repeated: number;
}

export interface StoreStatus {
  readonly kind: 'duckdb' | 'opensearch';
  readonly events: number;
  readonly bytes: number;
  /** Milliseconds since 1970; absent while it is empty. */
  readonly oldest?: number;
  readonly newest?: number;
  readonly partitions: number;
  readonly encrypted: boolean;
  /** What is wrong, in words; absent while all is well. */
  readonly problem?: string;
}

/**
 * Keeps events and finds them again. Two implementations: DuckDB embedded, and OpenSearch for many collectors.
 * Every method rejects with `StoreBusy` when it has too much to do, and with `QueryTooLarge` when an answer takes more
 * time or memory than one may.
 */
export interface EventStore {
  /**
   * Settles once the events are on disk: what was acknowledged survives `kill -9`. Events with an id that is kept already
   * are left out. `chain`: whose order they are kept in (collector/integrity/seal.ts).
   */
  append(events: readonly AuditEvent[], chain: string): Promise<AppendResult>;
  search(request: SearchRequest, signal?: AbortSignal): Promise<SearchPage>;
  histogram(request: HistogramRequest, signal?: AbortSignal): Promise<Histogram>;
  top(request: TopRequest, signal?: AbortSignal): Promise<Top>;
  totals(request: Selection, signal?: AbortSignal): Promise<Totals>;
  status(): Promise<StoreStatus>;
  /** Absent: this store does not speak SQL. */
  readonly sql?: SqlQueries;
  close(): Promise<void>;
}

/** The documented view `events`, for people who write SQL. */
export interface SqlQueries {
  /**
   * One SELECT, read only, over `events` alone, which shows what passes `filter` and, without `literals`, no literals.
   * @throws QueryProblem in words that whoever wrote it understands
   */
  query(request: SqlRequest, signal?: AbortSignal): Promise<SqlAnswer>;
}

export interface SqlRequest {
  readonly sql: string;
  readonly filter: Filter;
  readonly literals: boolean;
  /** Rows given at most. */
  readonly limit: number;
  readonly timeoutMillis: number;
}

export interface SqlAnswer {
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  /** Values as JSON has them: times as RFC 3339, integers beyond 2^53 as decimal text. */
  readonly rows: readonly (readonly unknown[])[];
  /** There were more rows than asked for. */
  readonly truncated: boolean;
}
