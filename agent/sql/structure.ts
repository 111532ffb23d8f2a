/* Operation, class and tables of a statement: what its words say, without a grammar, so that cut and foreign text works too. */
import type { StatementClass } from './analysis.ts';
import { IS_RESERVED, KEYWORD_FLAGS, keywordNumber } from './keywords.ts';
import type { Dialect } from './lexer.ts';
import { Operation } from './operation.ts';
import { type Expectation, isTransparent, keywordSet, type Level, newLevel, onKeyword } from './structure-keywords.ts';
import { TableList } from './table-list.ts';
import { TokenCursor } from './token-cursor.ts';
import { CLOSE, COMMA, END, OPEN, SEMICOLON, WORD } from './tokens.ts';

export interface Structure {
  readonly operation: string | undefined;
  readonly statementClass: StatementClass;
  readonly tables: readonly string[];
}

/** Deeper parentheses are read as if they belonged to the last of these. */
const MAX_DEPTH = 256;
const AS = keywordNumber('AS');
const DELETE = keywordNumber('DELETE');
const RECURSIVE = keywordNumber('RECURSIVE');
const WITH = keywordNumber('WITH');
const IDENTIFIED = keywordNumber('IDENTIFIED');
const GRANTS = keywordSet('GRANT REVOKE');
const OPTIONS_FIRST = keywordSet('VACUUM ANALYZE ANALYSE');
/** Named in `GRANT … ON SCHEMA s`, `LOCK INSTANCE`: not a table, and what follows is none either. */
const OTHER_OBJECTS = keywordSet(
  'SCHEMA DATABASE FUNCTION PROCEDURE SEQUENCE LANGUAGE SERVER TYPE DOMAIN TABLESPACE INSTANCE SYSTEM',
);

export function readStructure(text: string, dialect: Dialect): Structure {
  return new StructureReader(text, dialect).read();
}

class StructureReader {
  readonly #cursor: TokenCursor;
  readonly #isMysql: boolean;
  readonly #list = new TableList();
  readonly #operation = new Operation();
  #level: Level = newLevel(false);
  #levels: Level[] = [this.#level];
  #excessDepth = 0;

  constructor(text: string, dialect: Dialect) {
    this.#cursor = new TokenCursor(text, dialect);
    this.#isMysql = dialect === 'mysql';
  }

  read(): Structure {
    const cursor = this.#cursor;
    while (cursor.kind !== END) {
      const level = this.#level;
      switch (cursor.kind) {
        case WORD:
          this.#word(level);
          continue;
        case OPEN:
          this.#open(level);
          break;
        case CLOSE:
          this.#close();
          break;
        case COMMA:
          if (level.definitions) level.expectsDefinition = true;
          else if (level.list) level.expects = 'source';
          break;
        case SEMICOLON:
          this.#nextStatement();
          break;
        default:
          level.expects = undefined;
          this.#operation.notAWord();
      }
      cursor.advance();
    }
    const { name, statementClass } = this.#operation;
    return { operation: name, statementClass, tables: this.#list.tables };
  }

  #open(level: Level): void {
    if (this.#levels.length === MAX_DEPTH) {
      this.#excessDepth += 1;
      return;
    }
    const child = newLevel(this.#cursor.previousKind === WORD);
    if (level.expects === 'source') {
      child.expects = 'source';
      child.list = true;
    }
    if (!OPTIONS_FIRST.has(level.verb)) level.expects = undefined;
    this.#levels.push(child);
    this.#level = child;
  }

  #close(): void {
    if (this.#excessDepth > 0) this.#excessDepth -= 1;
    else if (this.#levels.length > 1) this.#levels.pop();
    const level = this.#levels.at(-1) ?? this.#level;
    this.#level = level;
    if (level.definitionBody && level.definition !== undefined) this.#list.define(level.definition);
    level.definitionBody = false;
  }

  #nextStatement(): void {
    this.#level = newLevel(false);
    this.#levels = [this.#level];
    this.#excessDepth = 0;
    this.#list.forgetDefined();
    this.#operation.endOfStatement();
  }

  /** Leaves the cursor behind the word and what belongs to it. */
  #word(level: Level): void {
    const cursor = this.#cursor;
    const { keyword } = cursor;
    this.#operation.word(keyword, cursor.name(), this.#levels.length);
    if (level.expectsDefinition && keyword !== RECURSIVE) this.#definition(level);
    else if (keyword === WITH) this.#with(level);
    else if (level.expects !== undefined && this.#canBeTable(level, keyword)) this.#table(level, level.expects);
    else {
      if (keyword === AS && level.definition !== undefined) level.definitionBody = true;
      else if (keyword !== 0) onKeyword(level, cursor, this.#isMysql);
      cursor.advance();
    }
  }

  #canBeTable(level: Level, keyword: number): boolean {
    if (keyword === 0) return true;
    if (((KEYWORD_FLAGS[keyword] as number) & IS_RESERVED) !== 0) return false;
    return !isTransparent(level, keyword);
  }

  /** `WITH [RECURSIVE] name`, which must be told from `WITH ROLLUP`, `WITH (…)`, `IDENTIFIED WITH plugin`. */
  #with(level: Level): void {
    const cursor = this.#cursor;
    const isOption = level.list || cursor.previous === IDENTIFIED;
    cursor.advance();
    if (isOption) {
      level.expects = undefined;
      return;
    }
    level.recursive = cursor.kind === WORD && cursor.keyword === RECURSIVE;
    if (level.recursive) {
      this.#operation.word(RECURSIVE, 'RECURSIVE', this.#levels.length);
      cursor.advance();
    }
    level.definitions = true;
    level.expectsDefinition = true;
  }

  #definition(level: Level): void {
    level.expectsDefinition = false;
    level.definitionBody = false;
    level.definition = this.#cursor.name();
    if (level.recursive) this.#list.define(level.definition);
    this.#cursor.advance();
  }

  /** `name`, `schema.name`, `catalog.schema.name`, and an alias. */
  #table(level: Level, expects: Expectation): void {
    const cursor = this.#cursor;
    const first = cursor.keyword;
    let name = cursor.name();
    let qualified = false;
    let isWildcard = false;
    cursor.advance();
    while (cursor.isDot) {
      qualified = true;
      cursor.advance();
      isWildcard = cursor.isStar;
      if (cursor.kind !== WORD) break;
      name += `.${cursor.name()}`;
      cursor.advance();
    }
    level.expects = undefined;
    if (expects === 'source' && cursor.kind === OPEN) return;
    if (GRANTS.has(level.verb) && isWildcard) return;
    if (OTHER_OBJECTS.has(first) && (cursor.kind === WORD || GRANTS.has(level.verb))) return;
    this.#list.add(name, qualified && !isWildcard);
    if (this.#isMysql && level.verb === DELETE && level.joined) this.#dropAlias(name);
  }

  /** `DELETE FROM a USING orders AS a`: what stood behind FROM were aliases. */
  #dropAlias(table: string): void {
    const cursor = this.#cursor;
    if (cursor.kind === WORD && cursor.keyword === AS) cursor.advance();
    if (cursor.kind !== WORD || cursor.keyword !== 0) return;
    if (cursor.name() !== table) this.#list.remove(cursor.name());
    cursor.advance();
  }
}
