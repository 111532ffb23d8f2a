import type { Outcome, Parameter, Statement, StatementKind } from '../protocols/activity.ts';
import type { Redaction, SqlAnalysis } from '../sql/analysis.ts';
import type { JsonWriter } from './json-writer.ts';
import { Piece } from './piece.ts';
import { type StatementPieces, writeCollection, writeStrings } from './statement-pieces.ts';

const COMMA_TEXT = new Piece(',"text":');
const NO_TEXT = new Piece('"text":');
const PARAMETER = new Piece('"parameter":{"0":');
const OK_RESPONSES = {
  '0': new Piece(',"response":{"status_code":"0"'),
  '00000': new Piece(',"response":{"status_code":"00000"'),
} as const;
const FAILED_RESPONSE = new Piece(',"response":{"status_code":');
const UNSEEN_RESPONSE = new Piece(',"response":{');
const RETURNED_ROWS = new Piece('"returned_rows":');
const ERROR = new Piece(',"error":{"code":');
const ERROR_MESSAGE = new Piece(',"message":');
const TEXT_LENGTH = new Piece(',"text_length":');
const TEXT_SHA256 = new Piece(',"text_sha256":"');
const TRUNCATED = new Piece('","truncated":true');
const NOT_TRUNCATED = new Piece(',"truncated":false');
const SECRETS = new Piece(',"secrets":');
const LITERALS = new Piece(',"literals":');
const RESULT = new Piece('}},"result":{"bytes":');
const AFFECTED_ROWS = new Piece(',"affected_rows":');
const INSERT_ID = new Piece(',"insert_id":');
const WARNINGS = new Piece(',"warnings":');
const SQLSTATE = new Piece(',"sqlstate":');
const NULL = new Piece('null');
const COMMA = 0x2c;
const COLON = 0x3a;
const QUOTE = 0x22;
const CLOSE = 0x7d;

/** Closes the `capture` object in front of it. */
const KINDS: Readonly<Record<StatementKind, Piece>> = {
  text: kindPiece('text'),
  prepared: kindPiece('prepared'),
  bulk: kindPiece('bulk'),
  prepare: kindPiece('prepare'),
  copy: kindPiece('copy'),
  command: kindPiece('command'),
  function: kindPiece('function'),
  cancel: kindPiece('cancel'),
  replication: kindPiece('replication'),
};

function kindPiece(kind: StatementKind): Piece {
  return new Piece(`},"statement":{"kind":"${kind}"`);
}

/** The members of an open `db` object up to the summary: the brace of `query` stays open. */
export function writeOperation(
  pieces: StatementPieces,
  targets: readonly string[] | undefined,
  into: JsonWriter,
): void {
  if (pieces.tables.length === 0 && targets !== undefined && targets[0] !== undefined)
    writeCollection(into, targets[0]);
  into.piece(pieces.query);
}

/** Text and parameters into the open `query` object, which is closed. */
export function writeText(
  statement: Statement,
  text: string | undefined,
  pieces: StatementPieces,
  into: JsonWriter,
): void {
  let isFirst = pieces.summary === undefined;
  if (text !== undefined) {
    into.piece(isFirst ? NO_TEXT : COMMA_TEXT);
    isFirst = false;
    if (statement.action === 'db.execute') pieces.writeText(text, into);
    else into.string(text);
  }
  const { parameters } = statement;
  if (parameters !== undefined && parameters.length > 0) {
    if (!isFirst) into.byte(COMMA);
    writeParameters(parameters, into);
  }
  into.byte(CLOSE);
}

/** `{"0":…,"1":…}`: positions are names, so that a parameter's type never depends on its neighbours. */
function writeParameters(parameters: readonly Parameter[], into: JsonWriter): void {
  into.piece(PARAMETER);
  for (let i = 0; i < parameters.length; i++) {
    if (i > 0) {
      into.byte(COMMA);
      into.byte(QUOTE);
      into.integer(i);
      into.byte(QUOTE);
      into.byte(COLON);
    }
    const value = parameters[i];
    if (value === null || value === undefined) into.piece(NULL);
    else into.string(value);
  }
  into.byte(CLOSE);
}

/** Status and rows, and the end of the `db` object; then the error, if there was one. */
export function writeResponse(
  outcome: Outcome,
  returnedRows: number | undefined,
  okCode: '0' | '00000',
  into: JsonWriter,
): void {
  if (outcome.kind === 'ok') into.piece(OK_RESPONSES[okCode]);
  else if (outcome.kind === 'failed') {
    into.piece(FAILED_RESPONSE);
    into.string(outcome.code);
  } else if (returnedRows !== undefined) into.piece(UNSEEN_RESPONSE);
  if (returnedRows !== undefined) {
    if (outcome.kind !== 'unseen') into.byte(COMMA);
    into.piece(RETURNED_ROWS);
    into.integer(returnedRows);
  }
  if (outcome.kind !== 'unseen' || returnedRows !== undefined) into.byte(CLOSE);
  into.byte(CLOSE);
  if (outcome.kind !== 'failed') return;
  into.piece(ERROR);
  into.string(outcome.code);
  into.piece(ERROR_MESSAGE);
  into.string(outcome.message);
  into.byte(CLOSE);
}

/** Writes `statement` and `result` after an open `capture` object; `result` stays open. */
export class StatementDetailWriter {
  readonly #redaction: Piece;
  /** Of most statements: not cut, nothing masked. */
  readonly #asItWas: Piece;

  constructor(redaction: Redaction) {
    this.#redaction = new Piece(`,"redaction":{"policy":"${redaction}"`);
    const nothing = `,"redaction":{"policy":"${redaction}","secrets":0,"literals":0}},"result":{"bytes":`;
    this.#asItWas = new Piece(`,"truncated":false${nothing}`);
  }

  write(statement: Statement, analysis: SqlAnalysis | undefined, pieces: StatementPieces, into: JsonWriter): void {
    into.piece(KINDS[statement.statementKind]);
    if (analysis !== undefined) into.piece(pieces.statement);
    else {
      if (statement.targets !== undefined) writeStrings(into, ',"tables":', statement.targets);
      into.piece(TEXT_LENGTH);
    }
    into.integer(statement.textLength);
    const masked = analysis === undefined || analysis.maskedSecrets > 0 || analysis.maskedLiterals > 0;
    if (!masked && statement.textSha256 === undefined) into.piece(this.#asItWas);
    else this.#writeChanges(statement, analysis, into);
    writeResult(statement, into);
  }

  #writeChanges(statement: Statement, analysis: SqlAnalysis | undefined, into: JsonWriter): void {
    if (statement.textSha256 === undefined) into.piece(NOT_TRUNCATED);
    else {
      into.piece(TEXT_SHA256);
      into.ascii(statement.textSha256);
      into.piece(TRUNCATED);
    }
    into.piece(this.#redaction);
    if (analysis !== undefined) {
      into.piece(SECRETS);
      into.integer(analysis.maskedSecrets);
      into.piece(LITERALS);
      into.integer(analysis.maskedLiterals);
    }
    into.piece(RESULT);
  }
}

function writeResult(statement: Statement, into: JsonWriter): void {
  const { affectedRows, insertId, warnings, outcome } = statement;
  into.integer(statement.responseBytes);
  if (affectedRows !== undefined) {
    into.piece(AFFECTED_ROWS);
    into.integer(affectedRows);
  }
  if (insertId !== undefined) {
    into.piece(INSERT_ID);
    into.string(insertId);
  }
  if (warnings !== undefined) {
    into.piece(WARNINGS);
    into.integer(warnings);
  }
  if (outcome.kind === 'failed' && outcome.sqlstate !== undefined) {
    into.piece(SQLSTATE);
    into.string(outcome.sqlstate);
  }
}
