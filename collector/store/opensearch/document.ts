import * as z from 'zod';
import type { AuditEvent } from '../../../contract/audit-event.ts';
import { EVENT_FIELD_LIST, type EventField, fieldValue } from '../../../contract/event-fields.ts';
import { addressKey } from '../../query/address-range.ts';
import { comparable } from '../../query/comparable-text.ts';
import { addressPrefix, entryName, INDEXED, KEYWORD_CHARACTERS, ORIGINAL, textPlace } from './search-fields.ts';

/** An event whose time no index can have is found at this one, as in the embedded store. */
const UNKNOWN_TIME = '1970-01-01T00:00:00.000000000Z';
/** What JSON has of NUL and of halves of surrogate pairs; OpenSearch keeps neither as it is. */
const ESCAPED_IN_JSON = /\\u(?:0000|d[89a-f])/;
/** Longest text of an address, IPv6's with all digits. */
const ADDRESS_CHARACTERS = 39;
const LOOKS_LIKE_ADDRESS = /^[0-9a-f.:]+$/i;

interface Branch {
  [name: string]: unknown;
}

/** What INDEXED has; see search-fields.ts. */
interface Indexed {
  readonly present: string[];
  readonly addresses: string[];
  readonly maps: Record<string, Readonly<Record<string, readonly string[]>>>;
  readonly long: Record<string, string>;
  original?: string;
}

/**
 * The document of an event, as JSON: the event, and beside it what is searched by but no field of its own. Where OpenSearch
 * would not give back the event as it was, the document has its fields as filters see them, and the event as text.
 */
export function documentOf(event: AuditEvent): string {
  const text = JSON.stringify(event);
  const indexed: Indexed = { present: [], addresses: [], maps: {}, long: {} };
  let isPlain = !ESCAPED_IN_JSON.test(text) && hasPlainKeys(event.kubernetes?.audit);
  for (const field of EVENT_FIELD_LIST) {
    const value = fieldValue(event, field.name);
    if (value === undefined) continue;
    if (field.type === 'time') isPlain = indexTime(field, value, indexed) && isPlain;
    else indexValue(field, value, indexed);
  }
  const extra = JSON.stringify({ [INDEXED]: trimmed(isPlain ? indexed : { ...indexed, original: text }) });
  const body = isPlain ? text : JSON.stringify(searchedFields(event));
  return extra === EMPTY ? body : `${body.slice(0, -1)},${extra.slice(1)}`;
}

/** Where OpenSearch refuses more: the event as text, found by its time and id alone. */
export function bareDocumentOf(event: AuditEvent): string {
  const time = isIndexedTime(event['@timestamp']) ? event['@timestamp'] : UNKNOWN_TIME;
  return JSON.stringify({
    '@timestamp': time,
    event: { id: comparable(event.event.id) },
    [INDEXED]: { original: JSON.stringify(event) },
  });
}

const EMPTY = JSON.stringify({ [INDEXED]: {} });

const sourceSchema = z.looseObject({ [INDEXED]: z.looseObject({ [ORIGINAL]: z.string().optional() }).optional() });

/** The event of a document that `documentOf` made. */
export function eventOf(source: unknown): AuditEvent {
  const { [INDEXED]: indexed, ...event } = sourceSchema.parse(source);
  const original = indexed?.[ORIGINAL];
  // Only what was an event is ever written.
  return (original === undefined ? event : JSON.parse(original)) as AuditEvent;
}

/** What is empty is left out. */
function trimmed({ present, addresses, maps, long, original }: Indexed): object {
  return {
    ...(present.length > 0 && { present }),
    ...(addresses.length > 0 && { addresses }),
    ...(Object.keys(maps).length > 0 && { maps }),
    ...(Object.keys(long).length > 0 && { long }),
    ...(original !== undefined && { original }),
  };
}

/** Whether the index can have this time. */
function indexTime({ name }: EventField, value: unknown, { present }: Indexed): boolean {
  if (isIndexedTime(value)) return true;
  present.push(name);
  return false;
}

/** Nanoseconds since 1970 in 64 bits, and days that there are. */
function isIndexedTime(value: unknown): boolean {
  if (typeof value !== 'string' || value < UNKNOWN_TIME || value >= '2262') return false;
  const seconds = value.slice(0, 19);
  const date = new Date(`${seconds}Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(seconds);
}

function indexValue(field: EventField, value: unknown, indexed: Indexed): void {
  if (typeof value === 'string') {
    if (isLong(value)) {
      indexed.present.push(field.name);
      if (textPlace(field).longer !== undefined) indexed.long[field.column] = comparable(value);
    }
    indexAddress(addressPrefix, field, value, indexed);
  } else if (Array.isArray(value)) {
    if (value.length === 0 || value.some((one) => isLong(String(one)))) {
      indexed.present.push(field.name);
    }
    for (const one of value) if (typeof one === 'string') indexAddress(addressPrefix, field, one, indexed);
  } else if (field.type === 'map' && typeof value === 'object' && value !== null) indexMap(field, value, indexed);
}

function indexMap(field: EventField, map: object, indexed: Indexed): void {
  indexed.present.push(field.name);
  const values: string[] = [];
  const entries: string[] = [];
  for (const [key, value] of Object.entries(map)) {
    if (typeof value !== 'string') continue;
    const text = comparable(value);
    values.push(text);
    entries.push(`${entryName(key)}=${text}`);
    indexAddress(addressPrefix, field, value, indexed);
    indexAddress(addressPrefix, { ...field, name: `${field.name}.${key}` }, value, indexed);
  }
  if (values.length === 0) return;
  const [longValues, longEntries] = [values.filter(isLong), entries.filter(isLong)];
  indexed.maps[field.column] = {
    values,
    entries,
    ...(longValues.length > 0 && { longValues }),
    ...(longEntries.length > 0 && { longEntries }),
  };
}

function isLong(text: string): boolean {
  return text.length > KEYWORD_CHARACTERS;
}

function indexAddress(prefix: typeof addressPrefix, field: EventField, text: string, { addresses }: Indexed): void {
  if (text.length < 2 || text.length > ADDRESS_CHARACTERS || !LOOKS_LIKE_ADDRESS.test(text)) return;
  const key = addressKey(text);
  if (key !== undefined) addresses.push(prefix(field, key.length === 8 ? 4 : 6) + key);
}

/** OpenSearch takes a dot in a name for a path, and refuses empty steps. */
function hasPlainKeys(value: unknown): boolean {
  if (Array.isArray(value)) return value.every(hasPlainKeys);
  if (typeof value !== 'object' || value === null) return true;
  return Object.entries(value).every(([key, inner]) => key !== '' && !key.includes('.') && hasPlainKeys(inner));
}

/** The fields that are searched, as filters see them; those without a time that an index can have are left out. */
function searchedFields(event: AuditEvent): object {
  const fields: Branch = { '@timestamp': UNKNOWN_TIME };
  for (const field of EVENT_FIELD_LIST) {
    const value = fieldValue(event, field.name);
    if (value === undefined || field.type === 'map' || (field.type === 'time' && !isIndexedTime(value))) continue;
    put(fields, field.name.split('.'), searched(value));
  }
  return fields;
}

function searched(value: unknown): unknown {
  if (typeof value === 'string') return comparable(value);
  return Array.isArray(value) ? value.map(searched) : value;
}

function put(branch: Branch, [step = '', ...more]: readonly string[], value: unknown): void {
  if (more.length === 0) {
    branch[step] = value;
    return;
  }
  const known = branch[step];
  const inner: Branch = typeof known === 'object' && known !== null ? (known as Branch) : {};
  branch[step] = inner;
  put(inner, more, value);
}
