import type { AuditEvent } from '../../contract/audit-event.ts';
import { isOfKind } from '../events/kinds.ts';

/** By what `top` ranks. */
export const MEASURES = ['count', 'latency', 'errors', 'rows', 'bytes'] as const;
export type Measure = (typeof MEASURES)[number];

/** Sums of one group. */
export interface Totals {
  readonly name: string;
  count: number;
  errors: number;
  /** Events whose answer was seen: only those have a duration. */
  timed: number;
  /** Nanoseconds. */
  totalNanos: number;
  longestNanos: number;
  /** Given back or changed. */
  rows: number;
  /** Of the answers. */
  bytes: number;
}

export function noTotals(name: string): Totals {
  return { name, count: 0, errors: 0, timed: 0, totalNanos: 0, longestNanos: 0, rows: 0, bytes: 0 };
}

export function addEvent(totals: Totals, event: AuditEvent): void {
  const { db, dbaudit } = event;
  const { duration } = event.event;
  totals.count++;
  if (isOfKind(event, 'error')) totals.errors++;
  if (duration !== undefined) {
    totals.timed++;
    totals.totalNanos += duration;
    totals.longestNanos = Math.max(totals.longestNanos, duration);
  }
  totals.rows += db?.response?.returned_rows ?? dbaudit.result?.affected_rows ?? 0;
  totals.bytes += dbaudit.result?.bytes ?? 0;
}

export function addTotals(into: Totals, other: Totals): void {
  into.count += other.count;
  into.errors += other.errors;
  into.timed += other.timed;
  into.totalNanos += other.totalNanos;
  into.longestNanos = Math.max(into.longestNanos, other.longestNanos);
  into.rows += other.rows;
  into.bytes += other.bytes;
}

/** Nanoseconds; undefined where no answer was seen. */
export function averageNanos({ timed, totalNanos }: Totals): number | undefined {
  return timed === 0 ? undefined : Math.round(totalNanos / timed);
}

/** The number to rank by; the larger, the higher. */
export function measureOf(totals: Totals, measure: Measure): number {
  return measure === 'latency' ? (averageNanos(totals) ?? 0) : totals[measure];
}
