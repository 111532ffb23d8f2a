import { EVENT_FIELD_LIST, type EventField, entryOfMap } from '../../../contract/event-fields.ts';
import { comparable } from '../../query/comparable-text.ts';

/**
 * Characters of a keyword: Lucene takes no term above 32,766 bytes, and UTF-8 makes up to three of one of these. Longer values
 * are kept and shown; only in the fields of LONG_FIELDS are they searched too.
 */
export const KEYWORD_CHARACTERS = 8_191;

/** Texts of any length: indexed by groups of three characters, and found by any part of them. */
const LONG_FIELDS: ReadonlySet<string> = new Set([
  'message',
  'error.message',
  'db.query.text',
  'dbaudit.statement.template',
]);

/** What the index has beside the event, for questions that its fields do not answer; not part of the event. */
export const INDEXED = 'indexed';
/** Names of fields that the event has, but the index shows nothing of. */
export const PRESENT = `${INDEXED}.present`;
/** `client_ip/4=0a000001`: where an address is, its family, and its digits as address-range.ts writes them. */
export const ADDRESSES = `${INDEXED}.addresses`;
/** The event as it was, where the document is not it. */
export const ORIGINAL = 'original';

/** Where a text is searched. */
export interface TextPlace extends TextPath {
  /** For equality and to group by: values of up to KEYWORD_CHARACTERS. */
  readonly keyword: string;
  /** Stands before each value: an entry of a map is found among all entries of all maps of its column. */
  readonly prefix: string;
  /** Where longer values are, of fields whose values are searched whatever their length; they are of type `wildcard`. */
  readonly longer?: TextPath;
}

export interface TextPath {
  readonly path: string;
  /** In lower case. */
  readonly folded: string;
}

export function textPlace(field: EventField): TextPlace {
  const entry = entryOfMap(field);
  const map = mapPath(field.column);
  if (entry !== undefined) return longPlace(`${map}.entries`, `${map}.longEntries`, `${entryName(entry.key)}=`);
  if (field.type === 'map') return longPlace(`${map}.values`, `${map}.longValues`, '');
  if (LONG_FIELDS.has(field.name)) return longPlace(field.name, longPath(field.column), '');
  return { ...pathsOf(field.name), keyword: field.name, prefix: '' };
}

function longPlace(path: string, longer: string, prefix: string): TextPlace {
  return { ...pathsOf(path), keyword: `${path}.keyword`, prefix, longer: pathsOf(longer) };
}

function pathsOf(path: string): TextPath {
  return { path, folded: `${path}.folded` };
}

function longPath(column: string): string {
  return `${INDEXED}.long.${column}`;
}

/** Where values and entries of a map are. */
function mapPath(column: string): string {
  return `${INDEXED}.maps.${column}`;
}

/** Keys are told apart by case, and may have any characters. */
export function entryName(key: string): string {
  return Buffer.from(comparable(key)).toString('hex');
}

/** What stands before the digits of an address of a field. */
export function addressPrefix(field: EventField, family: 4 | 6): string {
  const entry = entryOfMap(field);
  return `${field.column}${entry === undefined ? '' : `.${entryName(entry.key)}`}/${family}=`;
}

interface Mapping {
  readonly type?: string;
  readonly [setting: string]: unknown;
}

const FOLDED: Mapping = {
  type: 'keyword',
  normalizer: 'lowercase',
  ignore_above: KEYWORD_CHARACTERS,
  doc_values: false,
};
const KEYWORD: Mapping = { type: 'keyword', ignore_above: KEYWORD_CHARACTERS };
const SHORT: Mapping = { ...KEYWORD, fields: { folded: FOLDED } };
// What is found by groups of characters is looked at again in its doc_values, which have no value above 32,766 bytes.
const LONG: Mapping = {
  ...wildcard(true),
  fields: { folded: { ...wildcard(true), normalizer: 'lowercase' }, keyword: KEYWORD },
};
// Or else in the whole event, which takes five times as long.
const LONGER: Mapping = { ...wildcard(false), fields: { folded: { ...wildcard(false), normalizer: 'lowercase' } } };

function wildcard(isBounded: boolean): Mapping {
  return { type: 'wildcard', doc_values: isBounded, ...(isBounded && { ignore_above: KEYWORD_CHARACTERS }) };
}

const SHORT_KEYWORD: Mapping = { type: 'keyword' };

const MAP_PARTS: Readonly<Record<string, Mapping>> = {
  values: LONG,
  entries: LONG,
  longValues: LONGER,
  longEntries: LONGER,
};

const TYPES: Readonly<Record<Exclude<EventField['type'], 'map'>, Mapping>> = {
  text: SHORT,
  names: SHORT,
  address: SHORT,
  integer: { type: 'long', ignore_malformed: true },
  number: { type: 'double', ignore_malformed: true },
  boolean: { type: 'boolean', fields: { text: SHORT_KEYWORD } },
  time: { type: 'date_nanos' },
};

interface MappingTree {
  [name: string]: { properties: MappingTree } | Mapping;
}

/**
 * Mappings of the fields that events are searched by, made of the contract. `dynamic: false`: what they do not name is kept
 * and shown, so nothing that an event brings can enlarge or contradict them.
 */
export function searchMappings(): object {
  const properties: MappingTree = {};
  for (const field of EVENT_FIELD_LIST) {
    if (field.type === 'map') {
      const map = mapPath(field.column);
      for (const [name, mapping] of Object.entries(MAP_PARTS)) put(properties, `${map}.${name}`, mapping);
    } else if (LONG_FIELDS.has(field.name)) {
      put(properties, field.name, LONG);
      put(properties, longPath(field.column), LONGER);
    } else put(properties, field.name, TYPES[field.type]);
  }
  put(properties, PRESENT, SHORT_KEYWORD);
  put(properties, ADDRESSES, SHORT_KEYWORD);
  return { dynamic: false, properties };
}

function put(tree: MappingTree, name: string, mapping: Mapping): void {
  const path = name.split('.');
  const leaf = path.pop() ?? name;
  let branch = tree;
  for (const step of path) {
    const known = branch[step];
    const properties: MappingTree = known !== undefined && isBranch(known) ? known.properties : {};
    branch[step] = { properties };
    branch = properties;
  }
  branch[leaf] = mapping;
}

function isBranch(node: { properties: MappingTree } | Mapping): node is { properties: MappingTree } {
  return !('type' in node);
}
