import type { StatementClass } from './analysis.ts';
import { keywordName, keywordNumber } from './keywords.ts';

/** `db.query.summary` is at most this long, by OpenTelemetry's convention. */
const MAX_SUMMARY_LENGTH = 255;

/** What CREATE, ALTER and DROP are about, and how it is called where one word does not say it. */
const OBJECTS: ReadonlyMap<number, string> = new Map(
  [
    'TABLE VIEW INDEX DATABASE SCHEMA USER ROLE LOGIN FUNCTION PROCEDURE TRIGGER EVENT SEQUENCE TYPE DOMAIN SERVER',
    'POLICY RULE AGGREGATE OPERATOR CAST COLLATION LANGUAGE TABLESPACE STATISTICS TRANSFORM CONVERSION EXTENSION',
    'SUBSCRIPTION PUBLICATION SYSTEM INSTANCE OWNED PREPARE MATERIALIZED FOREIGN PRIVILEGES GROUP TEXT ACCESS RESOURCE',
    'LOGFILE',
  ]
    .join(' ')
    .split(' ')
    .map((word) => [keywordNumber(word), word]),
);

/** The second word belongs to the object's name. */
const PAIRS: Readonly<Record<string, readonly string[]>> = {
  MATERIALIZED: ['VIEW'],
  FOREIGN: ['TABLE', 'DATA'],
  USER: ['MAPPING'],
  EVENT: ['TRIGGER'],
  TEXT: ['SEARCH'],
  ACCESS: ['METHOD'],
  RESOURCE: ['GROUP'],
  LOGFILE: ['GROUP'],
};
const FULL_NAMES: Readonly<Record<string, string>> = {
  MATERIALIZED: 'MATERIALIZED VIEW',
  PRIVILEGES: 'DEFAULT PRIVILEGES',
  TEXT: 'TEXT SEARCH',
  ACCESS: 'ACCESS METHOD',
  RESOURCE: 'RESOURCE GROUP',
  LOGFILE: 'LOGFILE GROUP',
};

/** What a DDL statement is about, read from one of its words and the next; undefined: this word does not tell. */
export function objectKind(keyword: number, next: string): string | undefined {
  const word = OBJECTS.get(keyword);
  if (word === undefined) return undefined;
  if (FULL_NAMES[word] !== undefined) return FULL_NAMES[word];
  if (word === 'FOREIGN' && next === 'DATA') return 'FOREIGN DATA WRAPPER';
  return PAIRS[word]?.includes(next) ? `${word} ${next}` : word;
}

/** Statements whose second word says what is done. */
const TWO_WORDS = new Set(['START', 'STOP', 'CHANGE', 'LOAD', 'XA', 'GET', 'RESET', 'BACKUP']);

/** Longest first word of a statement that is taken for one; SQL's longest are half of it. */
const MAX_VERB_LENGTH = 24;

/** The operation of a statement that begins with `word`, then `next` (both upper case, empty where there is no word). */
export function operationOf(word: string, next: string): string | undefined {
  if (word.length > MAX_VERB_LENGTH || !/^[A-Z]+$/.test(word)) return undefined;
  if (word === 'DESC') return 'DESCRIBE';
  if (word === 'START' && next !== '') return `START ${next.slice(0, MAX_VERB_LENGTH)}`;
  if (word === 'CHANGE' && next === 'REPLICATION') return 'CHANGE REPLICATION SOURCE';
  return TWO_WORDS.has(word) && /^[A-Z]+$/.test(next) ? `${word} ${next.slice(0, MAX_VERB_LENGTH)}` : word;
}

/** Classes by first word; everything else is MISC. https://github.com/pgaudit/pgaudit#pgauditlog */
const CLASSES: Readonly<Record<string, StatementClass>> = {
  SELECT: 'READ',
  VALUES: 'READ',
  TABLE: 'READ',
  HANDLER: 'READ',
  INSERT: 'WRITE',
  UPDATE: 'WRITE',
  DELETE: 'WRITE',
  REPLACE: 'WRITE',
  MERGE: 'WRITE',
  TRUNCATE: 'WRITE',
  LOAD: 'WRITE',
  CREATE: 'DDL',
  ALTER: 'DDL',
  DROP: 'DDL',
  RENAME: 'DDL',
  COMMENT: 'DDL',
  REFRESH: 'DDL',
  IMPORT: 'DDL',
  GRANT: 'ROLE',
  REVOKE: 'ROLE',
  REASSIGN: 'ROLE',
  CALL: 'FUNCTION',
  DO: 'FUNCTION',
};
const ROLE_OBJECTS = new Set(['USER', 'ROLE', 'GROUP', 'LOGIN', 'DEFAULT PRIVILEGES']);

export function classOf(operation: string | undefined): StatementClass {
  if (operation === undefined) return 'MISC';
  if (operation === 'SET PASSWORD') return 'ROLE';
  const space = operation.indexOf(' ');
  const verb = space < 0 ? operation : operation.slice(0, space);
  const statementClass = CLASSES[verb] ?? 'MISC';
  if (statementClass !== 'DDL' || space < 0) return statementClass;
  return ROLE_OBJECTS.has(operation.slice(space + 1)) ? 'ROLE' : 'DDL';
}

/** `SELECT orders customers`: as many tables as there is room for. */
export function summaryOf(operation: string | undefined, tables: readonly string[]): string {
  let summary = operation ?? '';
  for (const table of tables) {
    const longer = summary === '' ? table : `${summary} ${table}`;
    if (longer.length > MAX_SUMMARY_LENGTH) break;
    summary = longer;
  }
  return summary;
}

/** The word a keyword is, or the name as it stands, in upper case. */
export function upperWord(keyword: number, name: string): string {
  return keyword === 0 ? name.toUpperCase() : keywordName(keyword);
}
