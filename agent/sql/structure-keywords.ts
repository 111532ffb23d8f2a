/* What the keywords of a statement say about where its tables stand. */
import { IS_RESERVED, KEYWORD_FLAGS, keywordNumber } from './keywords.ts';
import type { TokenCursor } from './token-cursor.ts';
import { OPEN } from './tokens.ts';

/** What may come: something that gives rows, so also a function; or a table. */
export type Expectation = 'source' | 'target' | undefined;

/** What is known within one pair of parentheses. */
export interface Level {
  /** The keyword that says what is done here; 0: not known. */
  verb: number;
  /** The parenthesis belongs to a function: `EXTRACT(year FROM …)`. */
  readonly isCall: boolean;
  expects: Expectation;
  /** A comma is followed by a further table. */
  list: boolean;
  /** Seen JOIN, or USING in its place. */
  joined: boolean;
  /** What CREATE, ALTER or DROP are about. */
  object: number;
  /** Reading `WITH a AS (…), b AS (…)`. */
  definitions: boolean;
  expectsDefinition: boolean;
  definition: string | undefined;
  definitionBody: boolean;
  recursive: boolean;
}

export function newLevel(isCall: boolean): Level {
  return {
    verb: 0,
    isCall,
    expects: undefined,
    list: false,
    joined: false,
    object: 0,
    definitions: false,
    expectsDefinition: false,
    definition: undefined,
    definitionBody: false,
    recursive: false,
  };
}

export function keywordSet(words: string): ReadonlySet<number> {
  return new Set(words.split(' ').map(keywordNumber));
}

const number = keywordNumber;
const SELECT = number('SELECT');
const FROM = number('FROM');
const JOIN = number('JOIN');
const STRAIGHT_JOIN = number('STRAIGHT_JOIN');
const USING = number('USING');
const UPDATE = number('UPDATE');
const DELETE = number('DELETE');
const INSERT = number('INSERT');
const REPLACE = number('REPLACE');
const MERGE = number('MERGE');
const INTO = number('INTO');
const TABLE = number('TABLE');
const TABLES = number('TABLES');
const VIEW = number('VIEW');
const ON = number('ON');
const LIKE = number('LIKE');
const TO = number('TO');
const SHOW = number('SHOW');
const COLUMNS = number('COLUMNS');
const COPY = number('COPY');
const TRUNCATE = number('TRUNCATE');
const DESCRIBE = number('DESCRIBE');
const DESC = number('DESC');
const EXPLAIN = number('EXPLAIN');
const CREATE = number('CREATE');
const DISTINCT = number('DISTINCT');
const ALL = number('ALL');
const OR = number('OR');
const RENAME = number('RENAME');
const LOCK = number('LOCK');
const LOAD = number('LOAD');

/** In front of UPDATE, DELETE and INSERT they name the event or the privilege, not what is done. */
const NAMES_EVENT = keywordSet('ON FOR KEY OR BEFORE AFTER NO GRANT REVOKE OF');
const DATA_VERBS = keywordSet('SELECT DELETE UPDATE');
const INTO_VERBS = keywordSet('INSERT REPLACE MERGE LOAD');
const DDL_VERBS = keywordSet('CREATE ALTER DROP');
const LIST_VERBS = keywordSet('DROP RENAME LOCK TRUNCATE OPTIMIZE REPAIR CHECK ANALYZE VACUUM');
/** They begin statements, and only there do they say what is done. */
const STATEMENT_VERBS = keywordSet(
  'CREATE ALTER DROP GRANT REVOKE SHOW TRUNCATE RENAME LOCK OPTIMIZE REPAIR CHECK REINDEX REFRESH COMMENT CALL SET LOAD',
);
/** A table follows at once, if they begin a statement. */
const TABLE_VERBS = keywordSet('COPY VACUUM ANALYZE ANALYSE CLUSTER HANDLER TRUNCATE LOCK DESCRIBE DESC EXPLAIN');
/** After these no table follows, whatever was expected. */
const CLAUSES = keywordSet(
  'WHERE GROUP ORDER HAVING LIMIT UNION INTERSECT EXCEPT WINDOW RETURNING FOR OFFSET FETCH VALUES SET',
);
/** They may stand between a verb and its table. */
const MODIFIERS = keywordSet(
  'ONLY LATERAL IF NOT EXISTS LOW_PRIORITY HIGH_PRIORITY DELAYED IGNORE INTO TABLE TABLES FULL FROM QUICK',
);
const UNRESERVED_MODIFIERS = keywordSet(
  'TABLES OVERWRITE TEMPORARY TEMP UNLOGGED CONCURRENTLY LOCAL QUICK VERBOSE ANALYZE ANALYSE EXTENDED SQL',
);
const SHOWS_COLUMNS = keywordSet('COLUMNS FIELDS INDEX INDEXES KEYS');
const OBJECTS = keywordSet('TABLE VIEW INDEX TRIGGER POLICY RULE FUNCTION PROCEDURE');
const STANDS_ON_TABLE = keywordSet('INDEX TRIGGER POLICY');
const GRANTS = keywordSet('GRANT REVOKE');

/** Whether the keyword may stand in front of the table that is expected, rather than being its name. */
export function isTransparent(level: Level, keyword: number): boolean {
  return level.verb !== SELECT && UNRESERVED_MODIFIERS.has(keyword);
}

/** Takes in a keyword that is no table's name. The cursor still stands on it. */
export function onKeyword(level: Level, cursor: TokenCursor, isMysql: boolean): void {
  const { keyword, previous } = cursor;
  if (previous === -1 && (STATEMENT_VERBS.has(keyword) || TABLE_VERBS.has(keyword))) beginStatement(level, keyword);
  else if (CLAUSES.has(keyword)) endTables(level);
  else if (keyword === FROM) from(level, cursor);
  else if (keyword === SELECT) beginSelect(level, cursor);
  else if (keyword === UPDATE || keyword === DELETE || keyword === INSERT) changeData(level, cursor);
  else if (keyword === REPLACE) {
    if (previous !== OR && level.verb === 0 && !level.isCall) expectTarget(level, REPLACE);
  } else if (keyword === MERGE) level.verb = MERGE;
  else if (keyword === INTO) into(level, isMysql);
  else if (keyword === JOIN || (keyword === STRAIGHT_JOIN && previous !== SELECT)) join(level);
  else if (keyword === USING) using(level);
  else if (keyword === ON) on(level);
  else if (keyword === TABLE || keyword === TABLES || keyword === VIEW) tableWord(level, cursor);
  else if (keyword === TO) level.expects = level.verb === RENAME ? 'target' : undefined;
  else if (keyword === LIKE) like(level, cursor);
  else if (SHOWS_COLUMNS.has(keyword) && level.verb === SHOW) level.object = COLUMNS;
  else if (((KEYWORD_FLAGS[keyword] as number) & IS_RESERVED) !== 0 && !MODIFIERS.has(keyword))
    level.expects = undefined;
  if (level.object === 0 && OBJECTS.has(keyword)) level.object = keyword;
}

function beginStatement(level: Level, keyword: number): void {
  level.verb = keyword === DESC ? DESCRIBE : keyword;
  if (TABLE_VERBS.has(keyword)) level.expects = 'target';
  level.list = LIST_VERBS.has(keyword) && keyword !== EXPLAIN;
}

function endTables(level: Level): void {
  level.list = false;
  level.expects = undefined;
}

function beginSelect(level: Level, cursor: TokenCursor): void {
  if (GRANTS.has(level.verb)) return;
  if (cursor.previous === ON || cursor.previous === OR) return;
  level.verb = SELECT;
  level.definitions = false;
  level.definition = undefined;
  endTables(level);
}

function from(level: Level, cursor: TokenCursor): void {
  if (level.verb === SHOW) {
    if (level.object === COLUMNS) level.expects = 'target';
    level.object = 0;
    return;
  }
  // IS [NOT] DISTINCT FROM
  if (cursor.previous === DISTINCT && cursor.beforePrevious !== SELECT) return;
  if (!DATA_VERBS.has(level.verb)) return;
  level.expects = 'source';
  level.list = true;
  level.joined = false;
}

function changeData(level: Level, cursor: TokenCursor): void {
  const { keyword, previous } = cursor;
  if (NAMES_EVENT.has(previous) || GRANTS.has(level.verb)) return;
  if (keyword === INSERT && (level.isCall || level.verb === SELECT)) return;
  level.definitions = false;
  level.definition = undefined;
  if (keyword === DELETE) {
    level.verb = DELETE;
    endTables(level);
  } else {
    expectTarget(level, keyword);
    level.list = keyword === UPDATE;
  }
}

function expectTarget(level: Level, verb: number): void {
  level.verb = verb;
  level.definitions = false;
  level.definition = undefined;
  level.expects = 'target';
  level.list = false;
}

function into(level: Level, isMysql: boolean): void {
  if (INTO_VERBS.has(level.verb)) level.expects = 'target';
  else level.expects = level.verb === SELECT && !isMysql ? 'target' : undefined;
}

function join(level: Level): void {
  if (!level.list) return;
  level.expects = 'source';
  level.joined = true;
}

function using(level: Level): void {
  if (level.joined || (level.verb !== DELETE && level.verb !== MERGE)) return;
  level.expects = 'source';
  level.joined = true;
  level.list = level.verb === DELETE;
}

function on(level: Level): void {
  const isTarget = GRANTS.has(level.verb) || (DDL_VERBS.has(level.verb) && STANDS_ON_TABLE.has(level.object));
  level.expects = isTarget ? 'target' : undefined;
  // Of a trigger or an index there is one table; a later ON is another matter.
  if (isTarget && !GRANTS.has(level.verb)) level.object = TABLE;
}

function tableWord(level: Level, cursor: TokenCursor): void {
  const { keyword, previous } = cursor;
  if (previous === ALL || level.isCall) return;
  if (level.verb === SHOW && previous !== CREATE) return;
  if (level.verb === SELECT && keyword !== TABLE) return;
  if (level.verb === SELECT && level.expects === undefined) return;
  level.expects = 'target';
  if (level.verb !== TRUNCATE && level.verb !== LOAD && level.verb !== COPY) level.list = LIST_VERBS.has(level.verb);
  if (level.verb === LOCK) level.list = true;
}

/** `CREATE TABLE a LIKE b`, `CREATE TABLE a (LIKE b)`. */
function like(level: Level, cursor: TokenCursor): void {
  const isCopy = level.verb === CREATE || cursor.previousKind === OPEN;
  level.expects = isCopy ? 'target' : undefined;
}
