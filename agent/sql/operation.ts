import type { StatementClass } from './analysis.ts';
import { keywordName } from './keywords.ts';

/** `db.query.summary` is at most this long, by OpenTelemetry's convention. */
const MAX_SUMMARY_LENGTH = 255;

/** What CREATE, ALTER and DROP are about, and how it is called where one word does not say it. */
const OBJECTS: ReadonlySet<string> = new Set(
  [
    'TABLE VIEW INDEX DATABASE SCHEMA USER ROLE LOGIN FUNCTION PROCEDURE TRIGGER EVENT SEQUENCE TYPE DOMAIN SERVER',
    'POLICY RULE AGGREGATE OPERATOR CAST COLLATION LANGUAGE TABLESPACE STATISTICS TRANSFORM CONVERSION EXTENSION',
    'SUBSCRIPTION PUBLICATION SYSTEM INSTANCE OWNED PREPARE MATERIALIZED FOREIGN PRIVILEGES GROUP TEXT ACCESS RESOURCE',
    'LOGFILE',
  ]
    .join(' ')
    .split(' '),
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
function objectKind(word: string, next: string): string | undefined {
  if (!OBJECTS.has(word)) return undefined;
  if (FULL_NAMES[word] !== undefined) return FULL_NAMES[word];
  if (word === 'FOREIGN' && next === 'DATA') return 'FOREIGN DATA WRAPPER';
  return PAIRS[word]?.includes(next) ? `${word} ${next}` : word;
}

/** Statements whose second word says what is done. */
const TWO_WORDS = new Set(['START', 'STOP', 'CHANGE', 'LOAD', 'XA', 'GET', 'RESET', 'BACKUP']);

/** Longest first word of a statement that is taken for one; SQL's longest are half of it. */
const MAX_VERB_LENGTH = 24;

/** The operation of a statement that begins with `word`, then `next` (both upper case, empty where there is no word). */
function operationOf(word: string, next: string): string | undefined {
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

function classOf(operation: string | undefined): StatementClass {
  if (operation === undefined) return 'MISC';
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

const DDL = new Set(['CREATE', 'ALTER', 'DROP']);
const MAIN_VERBS = new Set(['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'MERGE', 'REPLACE', 'VALUES', 'TABLE']);
const ANALYZES = new Set(['ANALYZE', 'ANALYSE']);

/** Finds out from the words of a text, given one after the other, what its first statement does. */
export class Operation {
  name: string | undefined;
  #verb = '';
  #previous = '';
  #settled = false;
  /** Words in parentheses are not those of the statement itself. */
  #depth = 0;
  #explained = '';
  #analyzes = false;
  #copiesTo = false;

  /** pgAudit looks through EXPLAIN ANALYZE, which runs what it explains. */
  get statementClass(): StatementClass {
    if (this.#verb === 'EXPLAIN' && this.#analyzes) return classOf(this.#explained);
    if (this.#verb === 'COPY') return this.#copiesTo ? 'READ' : 'WRITE';
    if (this.#verb === 'SET' && this.#explained === 'PASSWORD') return 'ROLE';
    return classOf(this.name);
  }

  word(keyword: number, name: string, depth: number): void {
    if (this.#settled) return;
    const word = keyword === 0 ? name.slice(0, MAX_VERB_LENGTH + 1).toUpperCase() : keywordName(keyword);
    if (this.#verb === '') {
      this.#verb = word;
      this.#depth = depth;
      this.name = operationOf(word, '');
    } else if (depth === this.#depth) this.#laterWord(word);
    this.#previous = word;
  }

  /** Something that is neither word nor parenthesis: a statement does not begin with it. */
  notAWord(): void {
    if (this.#verb === '') this.#settled = true;
  }

  endOfStatement(): void {
    if (this.#verb !== '') this.#settled = true;
  }

  #laterWord(word: string): void {
    const verb = this.#verb;
    if (DDL.has(verb)) this.#object(word);
    else if (verb === 'WITH') {
      if (!MAIN_VERBS.has(word)) return;
      this.#verb = word;
      this.name = word;
    } else if (verb === 'EXPLAIN') {
      if (ANALYZES.has(word)) this.#analyzes = true;
      else if (this.#explained === '' && MAIN_VERBS.has(word)) this.#explained = word;
    } else if (verb === 'COPY') {
      if (word === 'TO' && this.#explained === '') this.#copiesTo = true;
      if (word === 'TO' || word === 'FROM') this.#explained = word;
    } else if (this.#explained === '') {
      this.#explained = word;
      if (TWO_WORDS.has(verb)) this.name = operationOf(verb, word);
    }
  }

  #object(word: string): void {
    if (this.#explained === '') {
      const kind = objectKind(word, '');
      if (kind === undefined) return;
      this.#explained = word;
      this.name = `${this.#verb} ${kind}`;
    } else if (this.#explained === this.#previous) {
      const kind = objectKind(this.#previous, word);
      if (kind !== undefined) this.name = `${this.#verb} ${kind}`;
    }
  }
}
