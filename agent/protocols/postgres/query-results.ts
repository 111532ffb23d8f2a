import type { Nanos } from '../../timeline.ts';
import { OK, UNSEEN } from '../activity.ts';
import { countedRows, tagRowCount } from './command-tag.ts';
import type { ServerError } from './error-response.ts';
import { addNote, type OpenStatement, openStatement } from './open-statement.ts';
import { mayHoldSeveral, type StatementSpan, splitStatements } from './split-statements.ts';

/** What one statement gave, as its CommandComplete tells. */
interface StatementResult {
  readonly until: Nanos;
  readonly returnedRows: number | undefined;
  readonly affectedRows: number | undefined;
  readonly responseBytes: number;
  readonly copied: boolean;
}

/** More results than statements fit into a text that is kept; from there on they are added up. */
const MAX_RESULTS = 16_384;

/** How an answer ended: with ReadyForQuery or an error, or out of sight. */
export interface AnswerEnd {
  readonly seen: boolean;
  readonly error: ServerError | undefined;
  readonly errorAt: Nanos;
}

/** Collects the answer that is coming in: to an Execute, or to a Query with a result for each of its statements. */
export class QueryResults {
  /** DataRow messages since the last result. */
  rows = 0;
  /** Bytes since the last result, framing included. */
  bytes = 0;
  /** The rows of a COPY go by. */
  copying: 'in' | 'out' | undefined;
  /** A row description came, so rows are given back even where there are none. */
  described = false;
  #results: StatementResult[] = [];
  #addedUp = false;

  /** CommandComplete: its tag is `buffer[start, end)`; `start < 0` where it was not seen. */
  complete(buffer: Buffer, start: number, end: number, at: Nanos): void {
    const counted = start < 0 ? 'none' : countedRows(buffer, start);
    const count = start < 0 || counted === 'none' ? -1 : tagRowCount(buffer, start, end);
    let returnedRows = this.rows > 0 || this.described ? this.rows : undefined;
    let affectedRows: number | undefined;
    if (count >= 0) {
      const givenBack = counted === 'returned' ? count === 0 || this.rows > 0 : this.copying === 'out';
      if (givenBack) returnedRows = count;
      else affectedRows = count;
    }
    this.#add(at, returnedRows, affectedRows);
  }

  /** EmptyQueryResponse, PortalSuspended, FunctionCallResponse: an answer without a tag. */
  completeUntagged(at: Nanos): void {
    this.#add(at, this.rows > 0 ? this.rows : undefined, undefined);
  }

  /** Forgets what was collected: the next answer begins. */
  clear(): void {
    if (this.#results.length > 0) this.#results = [];
    this.#addedUp = false;
    this.#next();
  }

  /** The statement, or each of those in its text, with what came of it; in order. */
  settle(
    statement: OpenStatement,
    end: AnswerEnd,
    standardStrings: boolean,
    report: (statement: OpenStatement) => void,
  ): void {
    const { text } = statement;
    const results = this.#results;
    const oneResult = results.length === 1 && end.seen && end.error === undefined;
    if (text === undefined || oneResult || !mayHoldSeveral(text)) {
      report(this.#single(statement, end));
      return;
    }
    const spans = splitStatements(text, standardStrings);
    const cut = statement.textSha256 !== undefined;
    const complete = end.seen && end.error === undefined;
    if (this.#addedUp || (!cut && (spans.length < results.length || (complete && spans.length !== results.length)))) {
      addNote(statement, 'statements-not-split');
      report(this.#single(statement, end));
      return;
    }
    this.#several(statement, spans, end, report);
  }

  #single(statement: OpenStatement, end: AnswerEnd): OpenStatement {
    const last = this.#results.at(-1);
    for (const result of this.#results) addResult(statement, result);
    statement.outcome = end.error?.outcome ?? (end.seen || last !== undefined ? OK : UNSEEN);
    statement.until = end.error === undefined ? last?.until : end.errorAt;
    return statement;
  }

  #several(
    whole: OpenStatement,
    spans: readonly StatementSpan[],
    end: AnswerEnd,
    report: (statement: OpenStatement) => void,
  ): void {
    const results = this.#results;
    const text = whole.text ?? '';
    const { error } = end;
    const count = Math.max(spans.length, results.length + (error === undefined ? 0 : 1));
    const failing = error === undefined ? count : failingIndex(results.length, spans, error.position);
    let { at } = whole;
    let requestBytes = whole.requestBytes;
    for (let index = 0; index < count; index += 1) {
      const part = openStatement(at, whole.action, whole.statementKind);
      const span = spans[index];
      if (span === undefined) addNote(part, 'text-unseen');
      else {
        part.text = text.slice(span.start, span.end);
        part.textLength = whole.textLength === text.length ? part.text.length : Buffer.byteLength(part.text);
      }
      part.requestBytes = requestBytes;
      requestBytes = 0;
      const result = results[index];
      if (result !== undefined) {
        addResult(part, result);
        part.outcome = OK;
        part.until = result.until;
        at = result.until;
      } else if (error !== undefined) {
        part.outcome = index === failing ? error.outcome : UNSEEN;
        if (index === failing) part.until = end.errorAt;
        else addNote(part, 'not-executed');
      }
      report(part);
    }
  }

  #add(at: Nanos, returnedRows: number | undefined, affectedRows: number | undefined): void {
    const result = {
      until: at,
      returnedRows,
      affectedRows,
      responseBytes: this.bytes,
      copied: this.copying !== undefined,
    };
    const last = this.#results.length < MAX_RESULTS ? undefined : this.#results.pop();
    if (last === undefined) {
      this.#results.push(result);
    } else {
      this.#addedUp = true;
      this.#results.push({
        until: at,
        returnedRows: sum(last.returnedRows, returnedRows),
        affectedRows: sum(last.affectedRows, affectedRows),
        responseBytes: last.responseBytes + this.bytes,
        copied: last.copied || result.copied,
      });
    }
    this.#next();
  }

  #next(): void {
    this.rows = 0;
    this.bytes = 0;
    this.copying = undefined;
    this.described = false;
  }
}

function sum(known: number | undefined, more: number | undefined): number | undefined {
  return known === undefined ? more : known + (more ?? 0);
}

function addResult(statement: OpenStatement, result: StatementResult): void {
  statement.returnedRows = sum(statement.returnedRows, result.returnedRows);
  statement.affectedRows = sum(statement.affectedRows, result.affectedRows);
  statement.responseBytes += result.responseBytes;
  if (!result.copied) return;
  statement.action = 'db.copy';
  statement.statementKind = 'copy';
}

/** The one after those that succeeded; an error before any did may be of grammar, and tells by its position where. */
function failingIndex(succeeded: number, spans: readonly StatementSpan[], position: number | undefined): number {
  if (succeeded > 0 || position === undefined) return succeeded;
  const found = spans.findIndex((span) => position - 1 < span.end);
  return found < 0 ? Math.max(0, spans.length - 1) : found;
}
