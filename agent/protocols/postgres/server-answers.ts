import type { Nanos } from '../../timeline.ts';
import { OK, UNSEEN } from '../activity.ts';
import type { FrameHandler } from '../frame-queue.ts';
import { AUTHENTICATION_WANTED_BYTES, authenticationMethod } from './authentication.ts';
import { ERROR_WANTED_BYTES, readErrorResponse, type ServerError } from './error-response.ts';
import * as message from './messages.ts';
import { addNote, executeStatement, type OpenStatement, openStatement } from './open-statement.ts';
import { Pairing } from './pairing.ts';
import type { RequestKind } from './pending-requests.ts';
import type { PostgresSession } from './postgres-session.ts';
import type { Portal, Prepared } from './prepared-statements.ts';
import { QueryResults } from './query-results.ts';

/** Settings, tags and keys are short; a longer value is none that is used here. */
const SMALL_BODY_BYTES = 1024;
const IDLE = 0x49; // I: no transaction is open

/** An error of the extended protocol: the server skips everything up to the next Sync. */
interface Failure {
  readonly error: ServerError;
  readonly at: Nanos;
  /** What the failed message was about. */
  readonly prepared: Prepared | undefined;
  readonly portal: Portal | undefined;
  readonly kind: RequestKind;
  /** The error belongs to an Execute that has been reported with it. */
  claimed: boolean;
}

/** Reads what the server answers, and reports each request with what came of it. */
export class ServerAnswers implements FrameHandler {
  readonly pairing: Pairing;
  readonly #session: PostgresSession;
  readonly #results = new QueryResults();
  #failure: Failure | undefined;
  /** A Query's error; ReadyForQuery follows it. */
  #queryError: ServerError | undefined;
  #errorAt: Nanos = 0;
  #damaged = false;
  #announced: OpenStatement | undefined;
  /** Statements of a doubtful exchange, until its end shows whether their outcomes are theirs. */
  #held: OpenStatement[] = [];

  constructor(session: PostgresSession) {
    this.#session = session;
    this.pairing = new Pairing(session, () => this.#abandon());
  }

  /** Bytes within the message in progress were lost; `skimming`: of a part that is not read. */
  bytesLost(skimming: boolean): void {
    this.#damaged = !skimming;
  }

  wantedBytes(header: Buffer, headerAt: number, bodyLength: number): number {
    return Math.min(bodyLength, wantedOf(header[headerAt] ?? 0));
  }

  rest(): void {}

  frame(buffer: Buffer, headerAt: number, start: number, end: number, bodyLength: number, at: Nanos): void {
    const type = buffer[headerAt] ?? 0;
    this.#results.bytes += message.HEADER_BYTES + bodyLength;
    if (type === message.DATA_ROW) {
      this.#results.rows += 1;
      this.#damaged = false;
      return;
    }
    // A message that was damaged is known by its type alone.
    const bodyEnd = this.#damaged ? -1 : end;
    this.#damaged = false;
    if (type === message.READY_FOR_QUERY) this.#ready(buffer, start, bodyEnd, at);
    else if (
      !this.#besideAnswers(type, buffer, start, bodyEnd) &&
      (this.pairing.following || this.#session.loggingIn)
    ) {
      this.#answer(type, buffer, start, bodyEnd, at);
    }
  }

  /** Says once of the statement the server is busy with that it has been for long. */
  tick(at: Nanos): void {
    this.pairing.tick(at);
    const { statement } = this.pairing.pending.first;
    if (statement === undefined || statement === this.#announced) return;
    const { limits, report } = this.#session.context;
    if (at - statement.at < limits.stillRunningNanos) return;
    this.#announced = statement;
    const { language, text, operation } = statement;
    report({ kind: 'still-running', at, since: statement.at, language, text, operation });
  }

  /** Nothing follows: what is pending is reported as far as it was answered. */
  close(): void {
    this.#abandon();
  }

  /** Login, settings and notices come at any time and answer nothing. */
  #besideAnswers(type: number, buffer: Buffer, start: number, end: number): boolean {
    if (type === message.PARAMETER_STATUS) this.#parameterStatus(buffer, start, end);
    else if (type === message.AUTHENTICATION) {
      const method = end < 0 ? undefined : authenticationMethod(buffer, start, end);
      if (method !== undefined && method !== 'ok') this.#session.authenticatedBy(method);
    } else if (type === message.BACKEND_KEY_DATA) {
      if (end >= 0) this.#session.backend(buffer.readUInt32BE(start));
    } else return isNotice(type);
    return true;
  }

  #answer(type: number, buffer: Buffer, start: number, end: number, at: Nanos): void {
    const { kind, prepared } = this.pairing.pending.first;
    if (type === message.ERROR_RESPONSE) {
      this.#error(buffer, start, end, at);
    } else if (type === message.COMMAND_COMPLETE) {
      this.#results.complete(buffer, end < 0 ? -1 : start, end - 1, at);
      this.#completed(kind, at);
    } else if (type === message.EMPTY_QUERY_RESPONSE || type === message.PORTAL_SUSPENDED) {
      this.#results.completeUntagged(at);
      this.#completed(kind, at);
    } else if (type === message.PARSE_COMPLETE) {
      if (prepared !== undefined && kind === 'parse') this.#parsed(prepared, at);
      this.#expect(kind, 'parse');
    } else if (type === message.BIND_COMPLETE) {
      this.#expect(kind, 'bind');
    } else if (type === message.CLOSE_COMPLETE) {
      this.#expect(kind, 'close');
    } else if (type === message.NO_DATA) {
      this.#expect(kind, 'describe');
    } else if (type === message.ROW_DESCRIPTION) {
      if (kind === 'query') this.#results.described = true;
      else this.#expect(kind, 'describe');
    } else if (type === message.PARAMETER_DESCRIPTION) {
      if (kind !== 'describe') this.#outOfStep();
      else if (prepared !== undefined) prepared.parameterTypes = describedTypes(buffer, start, end);
    } else if (type === message.FUNCTION_CALL_RESPONSE) {
      if (kind === 'function') this.#results.completeUntagged(at);
      else this.#outOfStep();
    } else this.#copy(type, kind, at);
  }

  #expect(kind: RequestKind, expected: RequestKind): void {
    if (kind === expected && this.#failure === undefined) this.pairing.answered();
    else this.#outOfStep();
  }

  #parsed(prepared: Prepared, at: Nanos): void {
    prepared.outcome = OK;
    prepared.until = at;
    this.#session.prepared.confirm(prepared);
  }

  #completed(kind: RequestKind, at: Nanos): void {
    if (kind === 'query') this.#countCopied();
    else if (kind === 'execute' && this.#failure === undefined) {
      this.#countCopied();
      this.#settle(this.pairing.pending.first.statement, true, undefined, at);
      this.pairing.answered();
    } else this.#outOfStep();
  }

  /** CopyInResponse and its like; CopyData of the server is counted by its bytes alone. */
  #copy(type: number, kind: RequestKind, at: Nanos): void {
    if (type === message.COPY_DATA || type === message.COPY_DONE) return;
    if (kind !== 'query' && kind !== 'execute') {
      this.#outOfStep();
    } else if (type === message.COPY_BOTH_RESPONSE) {
      this.#replicationStarted(at);
    } else {
      this.#results.copying = type === message.COPY_IN_RESPONSE ? 'in' : 'out';
      if (type !== message.COPY_IN_RESPONSE) return;
      this.pairing.copyingIn = true;
      if (kind === 'execute') this.pairing.pending.dropSyncs();
    }
  }

  /** Replication goes on for as long as the connection: it is told when it starts. */
  #replicationStarted(at: Nanos): void {
    const statement = this.pairing.pending.takeFirstStatement();
    if (statement === undefined) return;
    statement.action = 'db.replication.start';
    statement.statementKind = 'replication';
    statement.outcome = OK;
    statement.until = at;
    statement.responseBytes = this.#results.bytes;
    this.#report(statement);
  }

  #countCopied(): void {
    const { statement } = this.pairing.pending.first;
    if (statement !== undefined) statement.requestBytes += this.#session.copiedBytes;
    this.#session.copiedBytes = 0;
    this.pairing.copyingIn = false;
  }

  #error(buffer: Buffer, start: number, end: number, at: Nanos): void {
    const { pending } = this.pairing;
    const error = end < 0 ? undefined : readErrorResponse(buffer, start, end, this.#session.readText);
    this.#session.copiedBytes = 0;
    this.pairing.copyingIn = false;
    if (this.#session.loggingIn) {
      this.#session.loggedIn(at, error?.outcome ?? UNSEEN);
      return;
    }
    if (error === undefined) {
      this.pairing.lose(pending.syncPoints);
      return;
    }
    const { kind, prepared, portal, statement } = pending.first;
    if (kind === 'query' || kind === 'function') {
      this.#queryError = error;
      this.#errorAt = at;
    } else if (kind === 'sync') {
      this.#commitFailed(error, at);
    } else if (kind !== 'none' && this.#failure === undefined) {
      this.#failure = { error, at, prepared, portal, kind, claimed: kind === 'execute' };
      if (kind === 'execute') this.#settle(statement, true, error, at);
      pending.drop();
    }
  }

  /** Sync ends the implicit transaction of what was executed before it. */
  #commitFailed(error: ServerError, at: Nanos): void {
    const statement = openStatement(at, 'db.command', 'command');
    statement.language = 'none';
    statement.operation = 'COMMIT';
    statement.notes = ['implicit-commit'];
    statement.outcome = error.outcome;
    statement.until = at;
    this.#report(statement);
  }

  #ready(buffer: Buffer, start: number, end: number, at: Nanos): void {
    const { pairing } = this;
    const { pending } = pairing;
    const failed = this.#failure !== undefined;
    pairing.heard(at);
    if (this.#session.loggingIn) {
      this.#session.loggedIn(at, OK);
    } else if (!pairing.following) {
      pairing.readyWhileLost();
    } else if (this.#failure !== undefined) {
      if (this.#skipToSync()) pairing.confirmed();
    } else if (pending.first.kind === 'query' || pending.first.kind === 'function') {
      this.#settle(pending.first.statement, true, this.#queryError, at);
      pairing.confirmed();
      pairing.answered();
    } else if (pending.first.kind === 'sync') {
      pairing.confirmed();
      pairing.answered();
    } else if (pending.length > 0) {
      pairing.lose(Math.max(0, pending.syncPoints - 1));
    }
    if (this.#held.length > 0) this.#releaseHeld(!failed);
    this.#results.clear();
    if (pending.length === 0 && end > start && buffer[start] === IDLE) this.#session.prepared.clearPortals();
  }

  #settle(statement: OpenStatement | undefined, seen: boolean, error: ServerError | undefined, at: Nanos): void {
    if (statement !== undefined) {
      const { standardStrings } = this.#session;
      this.#results.settle(
        statement,
        { seen, error, errorAt: this.#queryError === undefined ? at : this.#errorAt, standardStrings },
        (each) => this.#report(each),
      );
    }
    this.#queryError = undefined;
    this.#results.clear();
  }

  /** Takes off what the server skipped, up to the Sync; false where there is none. */
  #skipToSync(): boolean {
    const failure = this.#failure;
    this.#failure = undefined;
    const { pending } = this.pairing;
    let synced = false;
    while (failure !== undefined && !synced && pending.length > 0 && pending.first.kind !== 'lost') {
      const { kind, prepared, portal, statement } = pending.first;
      if (kind === 'parse' && prepared !== undefined) this.#session.prepared.undo(prepared);
      if (statement !== undefined) this.#skipped(failure, prepared, portal, statement);
      synced = kind === 'sync';
      if (synced) this.pairing.answered();
      else pending.drop();
    }
    if (failure !== undefined) this.#reportUnclaimed(failure);
    return synced;
  }

  /** The Execute of what failed has failed with it; the others were never run. */
  #skipped(
    failure: Failure,
    prepared: Prepared | undefined,
    portal: Portal | undefined,
    statement: OpenStatement,
  ): void {
    const same = failure.portal === undefined ? failure.prepared === prepared : failure.portal === portal;
    if (!failure.claimed && prepared !== undefined && same) {
      failure.claimed = true;
      statement.outcome = failure.error.outcome;
      statement.until = failure.at;
    } else addNote(statement, 'not-executed');
    this.#report(statement);
  }

  /** A Parse, Bind or Describe that failed and that no Execute followed. */
  #reportUnclaimed(failure: Failure): void {
    const { kind, prepared, portal, error, at } = failure;
    if (kind === 'parse' && prepared !== undefined) {
      prepared.outcome = error.outcome;
      prepared.until = at;
      this.#session.prepared.undo(prepared);
    } else if (!failure.claimed && portal !== undefined && !portal.executed) {
      const statement = executeStatement(portal, portal.at);
      statement.outcome = error.outcome;
      statement.until = at;
      portal.prepared.accounted = true;
      this.#report(statement);
    }
  }

  #report(statement: OpenStatement): void {
    if (this.pairing.doubtful) this.#held.push(statement);
    else this.#session.report(statement);
  }

  #releaseHeld(trusted: boolean): void {
    for (const statement of this.#held) {
      if (!trusted) forgetAnswer(statement);
      this.#session.report(statement);
    }
    this.#held = [];
  }

  /** What is pending will have no answer that could be told from others. */
  #abandon(): void {
    const { pending } = this.pairing;
    if (this.#failure !== undefined) this.#skipToSync();
    while (pending.length > 0) {
      this.#settle(pending.first.statement, false, this.#queryError, this.#errorAt);
      pending.drop();
    }
    this.#results.clear();
    if (this.#held.length > 0) this.#releaseHeld(false);
  }

  #outOfStep(): void {
    this.pairing.lose(this.pairing.pending.syncPoints);
  }

  /** ParameterStatus: String name, String value. */
  #parameterStatus(buffer: Buffer, start: number, end: number): void {
    const nameEnd = end < 0 ? -1 : buffer.indexOf(0, start);
    const valueEnd = nameEnd < 0 ? -1 : buffer.indexOf(0, nameEnd + 1);
    if (nameEnd < start || valueEnd < nameEnd || valueEnd >= end) return;
    const { readText } = this.#session;
    this.#session.parameter(readText(buffer, start, nameEnd), readText(buffer, nameEnd + 1, valueEnd));
  }
}

function forgetAnswer(statement: OpenStatement): void {
  statement.outcome = UNSEEN;
  statement.until = undefined;
  statement.returnedRows = undefined;
  statement.affectedRows = undefined;
  statement.responseBytes = 0;
}

function wantedOf(type: number): number {
  if (type === message.DATA_ROW || type === message.COPY_DATA || type === message.ROW_DESCRIPTION) return 0;
  if (type === message.ERROR_RESPONSE) return ERROR_WANTED_BYTES;
  if (type === message.AUTHENTICATION) return AUTHENTICATION_WANTED_BYTES;
  return isNotice(type) ? 0 : SMALL_BODY_BYTES;
}

function isNotice(type: number): boolean {
  return (
    type === message.NOTICE_RESPONSE ||
    type === message.NOTIFICATION_RESPONSE ||
    type === message.NEGOTIATE_PROTOCOL_VERSION
  );
}

/** Int16 n, Int32 types[n]; those that were kept. */
function describedTypes(buffer: Buffer, start: number, end: number): readonly number[] | undefined {
  if (end - start < 2) return undefined;
  const count = Math.min(buffer.readUInt16BE(start), Math.floor((end - start - 2) / 4));
  return Array.from({ length: count }, (_, index) => buffer.readUInt32BE(start + 2 + index * 4));
}
