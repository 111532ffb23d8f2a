import type { AuditEvent } from '../../../contract/audit-event.ts';
import { fieldPath, fieldValue } from '../../../contract/event-fields.ts';

/** Microseconds since 1970 of an event's time: what windows reckon in, for nanoseconds since 1970 are no exact number. */
export function microsOf(event: AuditEvent): number {
  const time = event['@timestamp'];
  return secondOf(time.slice(0, 19)) * 1_000_000 + Number(time.slice(20, 26));
}

let lastSecond = '';
let lastEpoch = 0;

/** Events of one second follow one another. */
function secondOf(text: string): number {
  if (text !== lastSecond) {
    lastEpoch = Date.parse(`${text}Z`) / 1_000;
    lastSecond = text;
  }
  return lastEpoch;
}

/** Separates the values of a group's key; no value that people write has it. */
const KEY_SEPARATOR = '\u001f';

/** Makes of an event the values of the fields, as one text: what makes events belong together. A field that is absent is empty. */
export function groupKeyReader(fields: readonly string[]): (event: AuditEvent) => string {
  const [first, ...more] = fields.map(textReader);
  if (first === undefined) return () => '';
  return (event) => {
    let key = first(event);
    for (const read of more) key += KEY_SEPARATOR + read(event);
    return key;
  };
}

/** The same values by field, for people; fields that are absent are left out. */
export function groupOf(
  event: AuditEvent,
  fields: readonly string[],
  names = fields,
): Readonly<Record<string, string>> {
  const group: Record<string, string> = {};
  fields.forEach((field, index) => {
    const text = valueText(fieldValue(event, field));
    if (text !== '') group[names[index] ?? field] = text;
  });
  return group;
}

export function valueText(value: unknown): string {
  if (value === undefined || value === null) return '';
  return Array.isArray(value) ? value.join(',') : String(value);
}

/** `fieldValue` for a name that is known beforehand. */
function textReader(name: string): (event: AuditEvent) => string {
  const steps = fieldPath(name);
  return (event) => {
    let value: unknown = event;
    for (const step of steps) {
      if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return '';
      value = Reflect.get(value, step);
    }
    return valueText(value);
  };
}
