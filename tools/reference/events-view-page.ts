import { EVENT_FIELD_LIST, type FieldType } from '../../contract/event-fields.ts';
import { SEARCH_NAMES, SLOW } from '../../contract/search-names.ts';

/** The types that DuckDB has for fields. */
const SQL_TYPES: Readonly<Record<FieldType, string>> = {
  text: 'VARCHAR',
  address: 'VARCHAR',
  names: 'VARCHAR[]',
  integer: 'BIGINT',
  number: 'DOUBLE',
  boolean: 'BOOLEAN',
  time: 'TIMESTAMP_NS',
  map: 'VARCHAR, JSON in it',
};

/** docs/reference/events-view.md. */
export function eventsViewPage(): string {
  return `${[
    '<!-- Generated from contract/event-fields.ts and contract/search-names.ts by tools/generate-reference.ts. -->',
    '# Events: search and SQL',
    'What `kubectl dbaudit search`, `tail`, rules and the page’s search box understand, and the columns of the view `events` for `kubectl dbaudit query`.',
    '## Search',
    'Terms side by side all hold: `user:app db:shop -op:select slow:200ms`.',
    table(
      ['write', 'finds'],
      [
        ['`user:app`', 'that value; `user:app,admin` either'],
        ['`table:orders*`', '`*` stands for any characters, `?` for one; `\\*` is the character itself'],
        ['`user:"a b"`', 'a value with spaces or signs, as it is; within, `\\"` and `\\\\`'],
        [
          '`user~App`, `op=SELECT`',
          '`~` in any case, `=` in this case; `:` is the one or the other by the field, see below',
        ],
        [
          '`text:/drop\\s+table/`',
          'a regular expression in [RE2’s syntax](https://github.com/google/re2/wiki/Syntax), anywhere in the text',
        ],
        [
          '`rows>1000`, `duration>=1.5s`, `time<2026-01-02`',
          'more, less: numbers (with `k`, `M`, `G`, `Ki`, `Mi`, `Gi`), durations (`ns`, `us`, `ms`, `s`, `m`, `h`), times',
        ],
        ['`from:10.0.0.0/8`', 'addresses of a range; `source_ips<<10.0.0.0/8` in fields of names'],
        ['`error:`', 'events that have the field'],
        [`\`${SLOW}:200ms\``, `took this long or longer; \`${SLOW}:\` longer than a second`],
        [
          '`drop "user name"`',
          'all of these words, each anywhere in the statement, its parameters, the error, the message or the tables, in any case',
        ],
        ['`-user:app`', 'not this: also events without the field'],
        ['`(user:a OR user:b)`', 'either'],
      ],
    ),
    'Who may not read literals searches the statement without its literals, words there and in the tables, and not by parameters or error messages.',
    '### Short names',
    table(
      ['name', 'field', '`:` in any case', 'example'],
      SEARCH_NAMES.map(({ name, field, anyCase, example }) => [
        code(name),
        code(field),
        anyCase ? 'yes' : '',
        code(example),
      ]),
    ),
    'Any other field is written by its name or its column, of the table below: `dbaudit.capture.mode:node`, `capture_mode:node`, `db.query.parameter.0:42`.',
    '## SQL',
    'One `SELECT` of [DuckDB’s SQL](https://duckdb.org/docs/stable/sql/introduction) over the view `events`, with its functions for texts, numbers, times, lists and JSON, aggregates and windows. Other tables, files, settings, `WITH RECURSIVE` and functions that reach beyond the events are refused, by name and place. It is limited in rows, time and memory. The view has the events that the asker may see; without the right to read literals `statement` is the template, each of `parameters` is `?`, and `error_message` is empty.',
    'Times are in UTC. An event has NULL where it lacks a field.',
    table(
      ['column', 'type', 'field', 'meaning'],
      EVENT_FIELD_LIST.map(({ column, type, name, meaning, literal }) => [
        code(column),
        SQL_TYPES[type],
        code(name),
        literal === true ? `${meaning}; may hold literals` : meaning,
      ]),
    ),
  ].join('\n\n')}\n`;
}

function code(text: string): string {
  return `\`${text}\``;
}

function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(headings), line(headings.map(() => '---')), ...rows.map(line)].join('\n');
}
