import { EVENT_FIELD_LIST, type EventField, type FieldType } from '../../../contract/event-fields.ts';

/**
 * Two layouts of the same events. Readers see the columns of EVENT_FIELD_LIST in the relation `all_events`, and `rest`, `chain`,
 * `position`, `mark` after them. What is on disk (`STORED_COLUMNS`) differs where a number is better kept as its distance from
 * another that is mostly the same: most events then have 0 there, which compresses to nothing.
 */

/** How readers see each type of field. A map is JSON text. */
const SQL_TYPES: Readonly<Record<FieldType, string>> = {
  text: 'VARCHAR',
  address: 'VARCHAR',
  names: 'VARCHAR[]',
  integer: 'BIGINT',
  number: 'DOUBLE',
  boolean: 'BOOLEAN',
  time: 'TIMESTAMP_NS',
  map: 'VARCHAR',
};

export interface Column {
  readonly name: string;
  readonly type: string;
}

/** A field that is not stored as it is read. */
interface Transformed {
  readonly stored: readonly Column[];
  /** From the stored columns to what readers see. */
  readonly read: string;
}

const TIME = 'epoch_ns("time")';

/** The text of an id before its last `-` and the number behind it: the first repeats within a session, the second counts. */
export const ID_PREFIX = 'id_prefix';
export const ID_NUMBER = 'id_number';

const TRANSFORMED: Readonly<Record<string, Transformed>> = {
  'event.id': {
    stored: [
      { name: ID_PREFIX, type: 'VARCHAR' },
      { name: ID_NUMBER, type: 'BIGINT' },
    ],
    read: `CASE WHEN "${ID_NUMBER}" IS NULL THEN "${ID_PREFIX}" ELSE "${ID_PREFIX}" || '-' || "${ID_NUMBER}" END`,
  },
  'event.start': {
    stored: [{ name: 'started_after', type: 'BIGINT' }],
    read: `make_timestamp_ns(${TIME} + "started_after")`,
  },
  'event.end': {
    stored: [{ name: 'ended_after', type: 'BIGINT' }],
    read: `make_timestamp_ns(${TIME} + coalesce("duration_ns", 0) + "ended_after")`,
  },
  'dbaudit.session.index': {
    stored: [{ name: 'session_index_over_id', type: 'BIGINT' }],
    read: `"session_index_over_id" + coalesce("${ID_NUMBER}", 0)`,
  },
  'dbaudit.statement.text_length': {
    stored: [{ name: 'text_length_over_text', type: 'BIGINT' }],
    read: `"text_length_over_text" + coalesce(strlen("statement"), 0)`,
  },
  'dbaudit.result.bytes': {
    stored: [{ name: 'result_bytes_over_server', type: 'BIGINT' }],
    read: `"result_bytes_over_server" + coalesce("server_bytes", 0)`,
  },
};

/** What no column holds, as JSON: an object with the event's own structure. Absent: nothing is left. */
export const REST = 'rest';

const SEAL_COLUMNS: readonly (Column & { readonly read: string })[] = [
  { name: 'chain', type: 'VARCHAR', read: '"chain"' },
  { name: 'position_over_sequence', type: 'BIGINT', read: '"position_over_sequence" + coalesce("sequence", 0)' },
  { name: 'mark', type: 'UINTEGER', read: '"mark"' },
];

function storedColumnsOf(field: EventField): readonly Column[] {
  return TRANSFORMED[field.name]?.stored ?? [{ name: field.column, type: SQL_TYPES[field.type] }];
}

/** The columns on disk, in their order. New ones come at the end of a later version's files by their name. */
export const STORED_COLUMNS: readonly Column[] = [
  ...EVENT_FIELD_LIST.flatMap(storedColumnsOf),
  { name: REST, type: 'VARCHAR' },
  ...SEAL_COLUMNS.map(({ name, type }) => ({ name, type })),
];

/** Names are ours and without quotes, but some are words of SQL (`user`). */
export function quoted(name: string): string {
  return `"${name}"`;
}

/** What a query selects to read whole events (event-decoder.ts). */
export const EVENT_SELECTION: string = [...EVENT_FIELD_LIST.map(({ column }) => quoted(column)), REST].join(', ');

/** The select list that makes what readers see out of what is stored. */
export const READING_SELECTION: string = [
  ...EVENT_FIELD_LIST.map((field) => {
    const transformed = TRANSFORMED[field.name];
    return transformed === undefined ? quoted(field.column) : `${transformed.read} AS ${quoted(field.column)}`;
  }),
  quoted(REST),
  ...SEAL_COLUMNS.map(({ read }, index) => `${read} AS ${['chain', 'position', 'mark'][index]}`),
].join(', ');
