import {
  DuckDBListValue,
  type DuckDBResult,
  DuckDBTimestampNanosecondsValue,
  type DuckDBValue,
} from '@duckdb/node-api';
import type { AuditEvent } from '../../../contract/audit-event.ts';
import { EVENT_FIELD_LIST, type EventField } from '../../../contract/event-fields.ts';
import { REST } from './columns.ts';
import { textOfNanos } from './timestamps.ts';

/** The event's `source` is its `client`, and its `destination` its `server`, in most events; `rest` then says this instead. */
export const SAME_ENDPOINT: Readonly<Record<string, string>> = { source: 'client', destination: 'server' };

interface Branch {
  [name: string]: unknown;
}

type ReadingStep = (event: Branch, value: DuckDBValue) => void;

const READERS: Readonly<Record<EventField['type'], (value: DuckDBValue) => unknown>> = {
  text: (value) => value,
  address: (value) => value,
  boolean: (value) => value,
  number: (value) => value,
  integer: Number,
  names: (value) => (value instanceof DuckDBListValue ? value.items : []),
  time: (value) => (value instanceof DuckDBTimestampNanosecondsValue ? textOfNanos(value.nanos) : undefined),
  map: (value) => JSON.parse(String(value)),
};

const STEPS: ReadonlyMap<string, ReadingStep> = new Map([
  ...EVENT_FIELD_LIST.map((field) => [field.column, fieldStep(field)] as const),
  [REST, (event: Branch, value: DuckDBValue) => mergeInto(event, JSON.parse(String(value)))] as const,
]);

/** A piece of an answer. */
export interface EventBatch {
  readonly events: readonly AuditEvent[];
  /** The values of one more column of the answer, in the events' order. */
  readonly column: (name: string) => readonly DuckDBValue[];
}

/** Whole events, as they were appended, of an answer that has EVENT_SELECTION's columns (and maybe others, left out here). */
export async function eventsOf(result: DuckDBResult): Promise<AuditEvent[]> {
  const events: AuditEvent[] = [];
  for await (const batch of eventBatchesOf(result)) events.push(...batch.events);
  return events;
}

/** The same by pieces of DuckDB's size (2,048 rows), for answers that would not fit into memory. */
export async function* eventBatchesOf(result: DuckDBResult): AsyncGenerator<EventBatch> {
  const names = result.columnNames();
  for (;;) {
    const chunk = await result.fetchChunk();
    if (chunk === null || chunk.rowCount === 0) return;
    const column = (name: string) => chunk.getColumnValues(names.indexOf(name));
    const events = Array.from({ length: chunk.rowCount }, (): Branch => ({}));
    for (const name of names) if (name !== REST) fill(events, column(name), STEPS.get(name));
    // After the columns, whose place it takes where they are not exact.
    if (names.includes(REST)) fill(events, column(REST), STEPS.get(REST));
    yield { events: events as unknown as readonly AuditEvent[], column };
  }
}

function fill(events: readonly Branch[], values: readonly DuckDBValue[], step: ReadingStep | undefined): void {
  if (step === undefined) return;
  for (const [row, value] of values.entries()) {
    const event = events[row];
    if (event !== undefined && value !== null) step(event, value);
  }
}

function fieldStep({ name, type }: EventField): ReadingStep {
  const path = name.split('.');
  const leaf = path.pop() ?? name;
  const read = READERS[type];
  return (event, value) => {
    let branch = event;
    for (const step of path) branch = childOf(branch, step);
    branch[leaf] = read(value);
  };
}

function childOf(branch: Branch, name: string): Branch {
  const known = branch[name];
  if (isBranch(known)) return known;
  const made: Branch = {};
  branch[name] = made;
  return made;
}

/** What `rest` has wins: there a value is exact where its column could not hold it. */
function mergeInto(event: Branch, rest: Branch): void {
  for (const [name, value] of Object.entries(rest)) {
    const same = SAME_ENDPOINT[name];
    if (value === same && same !== undefined) event[name] = { ...childOf(event, same) };
    else event[name] = merged(event[name], value);
  }
}

function merged(known: unknown, value: unknown): unknown {
  if (!isBranch(known) || !isBranch(value)) return value;
  for (const [name, inner] of Object.entries(value)) {
    const whole = Object.hasOwn(known, name) ? merged(known[name], inner) : inner;
    // Not by assignment: a member may be named `__proto__`.
    Object.defineProperty(known, name, { value: whole, writable: true, enumerable: true, configurable: true });
  }
  return known;
}

function isBranch(value: unknown): value is Branch {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
