import { EVENT_FIELDS, type Field, type FieldPath, valueAt, valueText } from '../event-fields.ts';
import { isGap } from '../kinds.ts';
import type { Received } from '../received.ts';
import { gapWords, readable } from './event-words.ts';
import type { EventFormat, FormatSettings } from './format.ts';
import { paintParts } from './highlight.ts';

const INDENT = 2;

/** A block for each event: every field that it has, a line each, in the order of the contract. */
export class DictFormat implements EventFormat {
  readonly #settings: FormatSettings;

  constructor(settings: FormatSettings) {
    this.#settings = settings;
  }

  headings(): readonly string[] {
    return [];
  }

  prepare(): void {}

  lines({ event }: Received): readonly string[] {
    const { paint, time, highlight } = this.#settings;
    const title = `${time(event['@timestamp'])}  ${event.event.action}`;
    const fields = fieldsIn(EVENT_FIELDS, [], (path) => valueAt(event, path));
    const nameWidth = Math.max(...fields.map(([name]) => name.length));
    return [
      paint('bold', title) + (isGap(event) ? `  ${paint('red', gapWords(event))}` : ''),
      ...fields.flatMap(([name, value]) => {
        const lines = value.split(/\r\n|[\r\n]/).map((line) => paintParts(readable(line), highlight, paint, undefined));
        return lines.map((line, index) => {
          const label = paint('dim', (index === 0 ? `${name}:` : '').padEnd(nameWidth + 1));
          return `${' '.repeat(INDENT)}${label} ${line}`.trimEnd();
        });
      }),
      '',
    ];
  }
}

/** Name and text of each value that is there; what is named by its writer is listed by those names. */
function fieldsIn(
  fields: ReadonlyMap<string, Field>,
  above: FieldPath,
  read: (path: FieldPath) => unknown,
): readonly (readonly [string, string])[] {
  return [...fields].flatMap(([name, field]): readonly (readonly [string, string])[] => {
    const path = [...above, name];
    const value = read(path);
    if (value === undefined) return [];
    if (field.type === 'object') return fieldsIn(field.fields, path, read);
    if (field.type !== 'open' || typeof value !== 'object' || value === null)
      return [[path.join('.'), valueText(value)]];
    return Object.entries(value).map(([key, inner]): readonly [string, string] => [
      readable([...path, key].join('.')),
      inner === null ? 'NULL' : valueText(inner),
    ]);
  });
}
