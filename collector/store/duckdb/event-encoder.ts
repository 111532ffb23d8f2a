import { DuckDBListValue, DuckDBTimestampNanosecondsValue, type DuckDBValue } from '@duckdb/node-api';
import type { AuditEvent } from '../../../contract/audit-event.ts';
import { EVENT_FIELD_LIST, type EventField, type FieldType } from '../../../contract/event-fields.ts';
import type { Seal } from '../../integrity/seal.ts';
import { comparable } from '../../query/comparable-text.ts';
import { ID_NUMBER, ID_PREFIX, REST, STORED_COLUMNS } from './columns.ts';
import { SAME_ENDPOINT } from './event-decoder.ts';
import { nanosOf } from './timestamps.ts';

/** The values of one event, in the order of STORED_COLUMNS. */
export type StoredRow = DuckDBValue[];

/** What makes an event the same as another: a repeat has the same time, so that it is looked for there alone. */
export interface EventKey {
  readonly nanos: bigint;
  readonly prefix: string;
  /** Null: the id does not end in a number. */
  readonly number: bigint | null;
}

/** Whether the column holds the value exactly; what it does not hold is in `rest`. */
type LeafWriter = (row: StoredRow, value: unknown) => boolean;
type Branch = Readonly<Record<string, unknown>>;
type Tree = Map<string, Tree | LeafWriter>;

const COLUMN_INDEX: ReadonlyMap<string, number> = new Map(STORED_COLUMNS.map(({ name }, index) => [name, index]));

function indexOf(column: string): number {
  const index = COLUMN_INDEX.get(column);
  if (index === undefined) throw new Error(`there is no column ${column}`);
  return index;
}

const AT = {
  time: indexOf('time'),
  prefix: indexOf(ID_PREFIX),
  number: indexOf(ID_NUMBER),
  started: indexOf('started_after'),
  ended: indexOf('ended_after'),
  duration: indexOf('duration_ns'),
  sequence: indexOf('sequence'),
  statement: indexOf('statement'),
  textLength: indexOf('text_length_over_text'),
  serverBytes: indexOf('server_bytes'),
  resultBytes: indexOf('result_bytes_over_server'),
  sessionIndex: indexOf('session_index_over_id'),
  rest: indexOf(REST),
  chain: indexOf('chain'),
  position: indexOf('position_over_sequence'),
  mark: indexOf('mark'),
} as const;

/** A time that no TIMESTAMP_NS can have is kept as text; it is found at this one. */
const UNKNOWN_TIME = new DuckDBTimestampNanosecondsValue(0n);

/** The row of an event, its place in a chain left open. */
export function encodeEvent(event: AuditEvent): StoredRow {
  const row: StoredRow = new Array(STORED_COLUMNS.length).fill(null);
  row[AT.time] = UNKNOWN_TIME;
  const rest = leftOver(event, TREE, row);
  if (rest !== undefined) {
    for (const [name, other] of Object.entries(SAME_ENDPOINT)) {
      if (name in rest && isSameEndpoint(rest[name], Reflect.get(event, other))) rest[name] = other;
    }
    row[AT.rest] = JSON.stringify(rest);
  }
  toDistances(row);
  return row;
}

/** Writes an event's place in its chain. */
export function encodeSeal(row: StoredRow, { chain, position, mark }: Seal): void {
  row[AT.chain] = chain;
  row[AT.position] = BigInt(position) - integerAt(row, AT.sequence);
  row[AT.mark] = mark;
}

export function keyOf(row: StoredRow): EventKey {
  const number = row[AT.number];
  return {
    nanos: nanosAt(row),
    prefix: String(row[AT.prefix]),
    number: typeof number === 'bigint' ? number : null,
  };
}

/** The stored values that are distances; `columns.ts` has the way back. */
function toDistances(row: StoredRow): void {
  const time = nanosAt(row);
  subtract(row, AT.started, time);
  subtract(row, AT.ended, time + integerAt(row, AT.duration));
  subtract(row, AT.sessionIndex, integerAt(row, AT.number));
  subtract(row, AT.resultBytes, integerAt(row, AT.serverBytes));
  const statement = row[AT.statement];
  if (typeof statement === 'string') subtract(row, AT.textLength, BigInt(Buffer.byteLength(statement)));
}

function subtract(row: StoredRow, at: number, amount: bigint): void {
  const value = row[at];
  if (typeof value === 'bigint') row[at] = value - amount;
}

function integerAt(row: StoredRow, at: number): bigint {
  const value = row[at];
  return typeof value === 'bigint' ? value : 0n;
}

function nanosAt(row: StoredRow): bigint {
  const time = row[AT.time];
  return time instanceof DuckDBTimestampNanosecondsValue ? time.nanos : 0n;
}

/** What of an object no column took; an object that had nothing is left as such. */
function leftOver(value: Branch, tree: Tree, row: StoredRow): Record<string, unknown> | undefined {
  let rest: Record<string, unknown> | undefined;
  let held = false;
  for (const name of Object.keys(value)) {
    const inner = value[name];
    if (inner === undefined) continue;
    const left = leftOf(inner, tree.get(name), row);
    if (left === undefined) {
      held = true;
    } else {
      // Without a prototype, so that a name such as `__proto__` is a name.
      rest ??= Object.create(null) as Record<string, unknown>;
      rest[name] = left;
    }
  }
  return rest ?? (held ? undefined : {});
}

function leftOf(value: unknown, place: Tree | LeafWriter | undefined, row: StoredRow): unknown {
  if (place === undefined) return value;
  if (typeof place === 'function') return place(row, value) ? undefined : value;
  return isBranch(value) ? leftOver(value, place, row) : value;
}

function isBranch(value: unknown): value is Branch {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isSameEndpoint(one: unknown, other: unknown): boolean {
  return other !== undefined && JSON.stringify(one) === JSON.stringify(other);
}

function textWriter(at: number): LeafWriter {
  return (row, value) => {
    if (typeof value !== 'string') return false;
    const text = comparable(value);
    row[at] = text;
    return text === value;
  };
}

function integerWriter(at: number): LeafWriter {
  return (row, value) => {
    if (!Number.isSafeInteger(value)) return false;
    row[at] = BigInt(value as number);
    return true;
  };
}

/** Where a time is kept as such: `wrap`; as a distance, which is made later: as it is. */
function timeWriter(at: number, wrap: (nanos: bigint) => DuckDBValue): LeafWriter {
  return (row, value) => {
    const nanos = typeof value === 'string' ? nanosOf(value) : undefined;
    if (nanos === undefined) return false;
    row[at] = wrap(nanos);
    return true;
  };
}

const asTimestamp = (nanos: bigint) => new DuckDBTimestampNanosecondsValue(nanos);
const asDistance = (nanos: bigint) => nanos;

const WRITERS: Readonly<Record<FieldType, (at: number) => LeafWriter>> = {
  text: textWriter,
  address: textWriter,
  integer: integerWriter,
  time: (at) => timeWriter(at, asTimestamp),
  boolean: (at) => (row, value) => {
    if (typeof value !== 'boolean') return false;
    row[at] = value;
    return true;
  },
  number: (at) => (row, value) => {
    if (typeof value !== 'number') return false;
    row[at] = value;
    return true;
  },
  names: (at) => (row, value) => {
    if (!Array.isArray(value) || !value.every((name) => typeof name === 'string')) return false;
    const names = value.map(comparable);
    row[at] = new DuckDBListValue(names);
    return names.every((name, index) => name === value[index]);
  },
  map: (at) => (row, value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
    const text = JSON.stringify(value, (_, inner: unknown) => (typeof inner === 'string' ? comparable(inner) : inner));
    row[at] = comparable(text);
    return text === JSON.stringify(value);
  },
};

/** As `ID_NUMBER` writes a number: without leading zeros, and exact. */
const NUMBERED_ID = /^(.*)-(0|[1-9]\d{0,14})$/s;

function writeId(row: StoredRow, value: unknown): boolean {
  if (typeof value !== 'string') return false;
  const id = comparable(value);
  const [, prefix = id, number] = NUMBERED_ID.exec(id) ?? [];
  row[AT.prefix] = prefix;
  row[AT.number] = number === undefined ? null : BigInt(number);
  return id === value;
}

/** Fields that are not stored as they are read. */
const SPECIAL: Readonly<Record<string, LeafWriter>> = {
  'event.id': writeId,
  'event.start': timeWriter(AT.started, asDistance),
  'event.end': timeWriter(AT.ended, asDistance),
  'dbaudit.session.index': integerWriter(AT.sessionIndex),
  'dbaudit.statement.text_length': integerWriter(AT.textLength),
  'dbaudit.result.bytes': integerWriter(AT.resultBytes),
};

const TREE: Tree = treeOf(EVENT_FIELD_LIST);

function treeOf(fields: readonly EventField[]): Tree {
  const root: Tree = new Map();
  for (const { name, column, type } of fields) {
    const path = name.split('.');
    const leaf = path.pop() ?? name;
    let tree = root;
    for (const step of path) {
      const known = tree.get(step);
      const next: Tree = known instanceof Map ? known : new Map();
      tree.set(step, next);
      tree = next;
    }
    tree.set(leaf, SPECIAL[name] ?? WRITERS[type](indexOf(column)));
  }
  return root;
}
