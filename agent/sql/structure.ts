/* Operation, class and tables of a statement: what its words say, without a grammar, so that cut and foreign text works too. */
import type { StatementClass } from './analysis.ts';
import { IS_RESERVED, KEYWORD_FLAGS } from './keywords.ts';
import { classOf, objectKind, operationOf, upperWord } from './operation.ts';
import * as kw from './structure-keywords.ts';
import { TableList } from './table-list.ts';
import { type Dialect, CLOSE, COMMA, END, OPEN, SEMICOLON, WORD } from './lexer.ts';
import { TokenCursor } from './token-cursor.ts';

export interface Structure {
  readonly operation: string | undefined;
  readonly statementClass: StatementClass;
  readonly tables: readonly string[];
}

/** Deeper parentheses are read as if they were the last of these. */
const MAX_DEPTH = 256;

/** What may stand here: nothing of interest, a table or a function that gives rows, a table. */
type Expectation = 'nothing' | 'source' | 'target';

/** What is known within one pair of parentheses. */
interface Level {
  verb: number;
  expects: Expectation;
  /** A comma is followed by a further table. */
  list: boolean;
  joined: boolean;
  object: string | undefined;
  /** Reading `WITH a AS (…), b AS (…)`; the name that the next closing parenthesis defines. */
  definitions: boolean;
  definition: string | undefined;
  expectsDefinition: boolean;
}

export function readStructure(text: string, dialect: Dialect): Structure {
  return new StructureReader(text, dialect).read();
}

class StructureReader {
  readonly #cursor: TokenCursor;
  readonly #isMysql: boolean;
  readonly #list = new TableList();
  #levels: Level[] = [newLevel()];
  #excessDepth = 0;
  #operation: string | undefined;
  /** The operation is that of the statement behind `WITH …`, at this depth. */
  #operationDepth = -1;
  #settled = false;
  #isExplainAnalyze = false;
  #class: StatementClass | undefined;

  constructor(text: string, dialect: Dialect) {
    this.#cursor = new TokenCursor(text, dialect);
    this.#isMysql = dialect === 'mysql';
  }

  read(): Structure {
    const cursor = this.#cursor;
    while (cursor.kind !== END) {
      const level = this.#level();
      if (cursor.kind === WORD) {
        this.#word(level);
        continue;
      }
      if (cursor.kind === OPEN) this.#open(level);
      else if (cursor.kind === CLOSE) this.#close();
      else if (cursor.kind === COMMA) this.#comma(level);
      else if (cursor.kind === SEMICOLON) this.#nextStatement();
      else level.expects = 'nothing';
      cursor.advance();
    }
    return {
      operation: this.#operation,
      statementClass: this.#class ?? classOf(this.#operation),
      tables: this.#list.tables,
    };
  }

  #level(): Level {
    return this.#levels.at(-1) ?? newLevel();
  }

  #open(level: Level): void {
    if (this.#levels.length === MAX_DEPTH) {
      this.#excessDepth += 1;
      return;
    }
    const child = newLevel();
    if (level.expects === 'source') {
      child.expects = 'source';
      child.list = true;
    }
    // VACUUM (options) table
    if (!(level.expects === 'target' && level.verb === kw.VACUUM)) level.expects = 'nothing';
    this.#levels.push(child);
  }

  #close(): void {
    if (this.#excessDepth > 0) this.#excessDepth -= 1;
    else if (this.#levels.length > 1) this.#levels.pop();
    const level = this.#level();
    if (level.definition === undefined || this.#cursor.beforePrevious === kw.NO_KEYWORD) return;
    if (level.definitions && level.definition !== undefined && level.expectsDefinition === false) this.#endDefinition(level);
  }

  /** A parenthesis closed behind `name AS (`; the columns in `name (a, b) AS (` are not it. */
  #endDefinition(level: Level): void {
    const { definition } = level;
    if (definition !== undefined) this.#list.define(definition);
  }

  #comma(level: Level): void {
    if (level.definitions) level.expectsDefinition = true;
    else level.expects = level.list ? 'source' : 'nothing';
  }

  #nextStatement(): void {
    this.#levels = [newLevel()];
    this.#excessDepth = 0;
    this.#list.forgetDefined();
    if (this.#operation !== undefined) this.#settled = true;
  }

  #word(level: Level): void {
    const cursor = this.#cursor;
    const { keyword } = cursor;
    if (level.expectsDefinition) {
      level.expectsDefinition = false;
      level.definition = cursor.name();
      cursor.advance();
      return;
    }
    if (this.#operation === undefined || this.#operationDepth >= 0) this.#lead(keyword);
    if (level.expects !== 'nothing' && ((KEYWORD_FLAGS[keyword] as number) & IS_RESERVED) === 0) {
      if (!kw.TRANSPARENT.has(keyword)) {
        this.#table(level);
        return;
      }
    } else if (keyword !== 0) this.#keyword(level, keyword);
    cursor.advance();
  }
}
