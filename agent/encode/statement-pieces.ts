import type { SqlAnalysis } from '../sql/analysis.ts';
import { JsonWriter } from './json-writer.ts';
import { Piece } from './piece.ts';

/** Kinds of statements remembered; applications have hundreds. Pieces and text together bound the cache to 12 MiB. */
const MAX_ENTRIES = 2048;
/** Longer pieces are written afresh each time: they would save little and hold much. */
const MAX_PIECE_BYTES = 2048;
const NO_TABLES: readonly string[] = [];

/** What events of the same kind of statement have in common. */
export class StatementPieces {
  readonly operation: string | undefined;
  readonly summary: string | undefined;
  readonly tables: readonly string[];
  /** `,"operation":…,"collection":…,"query":{"summary":…`; without a summary up to the brace. */
  readonly query: Piece;
  /** `,"class":…,"fingerprint":…,"tables":…,"text_length":`. */
  readonly statement: Piece;
  #text: string | undefined;
  #textJson: Piece | undefined;

  constructor(operation: string | undefined, analysis: SqlAnalysis | undefined, scratch: JsonWriter) {
    this.operation = operation;
    this.summary = analysis === undefined ? operation : analysis.summary;
    this.tables = analysis?.tables ?? NO_TABLES;
    scratch.clear();
    this.#writeQuery(scratch);
    this.query = written(scratch);
    scratch.clear();
    if (analysis !== undefined) {
      scratch.ascii(`,"class":"${analysis.statementClass}","fingerprint":`);
      scratch.string(analysis.fingerprint);
      writeStrings(scratch, ',"tables":', analysis.tables);
      scratch.ascii(',"text_length":');
    }
    this.statement = written(scratch);
  }

  /** Writes a prepared statement's text, whose JSON is remembered until another text comes. */
  writeText(text: string, into: JsonWriter): void {
    if (this.#text === text && this.#textJson !== undefined) {
      into.piece(this.#textJson);
      return;
    }
    const start = into.length;
    into.string(text);
    if (into.length - start > MAX_PIECE_BYTES) return;
    this.#text = text;
    this.#textJson = new Piece(into.bytes.subarray(start, into.length));
  }

  #writeQuery(into: JsonWriter): void {
    if (this.operation !== undefined) {
      into.ascii(',"operation":{"name":');
      into.string(this.operation);
      into.ascii('}');
    }
    const [collection] = this.tables;
    if (collection !== undefined) writeCollection(into, collection);
    into.ascii(',"query":{');
    if (this.summary === undefined) return;
    into.ascii('"summary":');
    into.string(this.summary);
  }
}

/** Remembers pieces: of SQL by fingerprint, of all else by operation. */
export class StatementPieceCache {
  readonly #scratch = new JsonWriter(MAX_PIECE_BYTES);
  readonly #entries = new Map<string, StatementPieces>();

  of(operation: string | undefined, analysis: SqlAnalysis | undefined): StatementPieces {
    const key = analysis === undefined ? (operation ?? '') : analysis.fingerprint;
    const known = this.#entries.get(key);
    if (known !== undefined && fits(known, operation, analysis)) return known;
    const pieces = new StatementPieces(operation, analysis, this.#scratch);
    if (pieces.query.size + pieces.statement.size > MAX_PIECE_BYTES) return pieces;
    if (this.#entries.size >= MAX_ENTRIES) this.#entries.clear();
    this.#entries.set(key, pieces);
    return pieces;
  }
}

/** One fingerprint stands for several spellings, and a fingerprint could be a command's name. */
function fits(pieces: StatementPieces, operation: string | undefined, analysis: SqlAnalysis | undefined): boolean {
  if (pieces.operation !== operation) return false;
  if (analysis === undefined) return pieces.statement.size === 0;
  const { tables } = pieces;
  if (pieces.summary !== analysis.summary || tables.length !== analysis.tables.length) return false;
  for (let i = 0; i < tables.length; i++) if (tables[i] !== analysis.tables[i]) return false;
  return pieces.statement.size > 0;
}

export function writeCollection(into: JsonWriter, name: string): void {
  into.ascii(',"collection":{"name":');
  into.string(name);
  into.ascii('}');
}

/** `name` is the piece in front of the array; nothing is written for an empty one. */
export function writeStrings(into: JsonWriter, name: string, values: readonly string[]): void {
  if (values.length === 0) return;
  into.ascii(name);
  let separator = '[';
  for (const value of values) {
    into.ascii(separator);
    into.string(value);
    separator = ',';
  }
  into.ascii(']');
}

function written(scratch: JsonWriter): Piece {
  return new Piece(scratch.bytes.subarray(0, scratch.length));
}
