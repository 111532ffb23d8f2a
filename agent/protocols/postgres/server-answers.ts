import type { Nanos } from '../../timeline.ts';
import { OK, UNSEEN } from '../activity.ts';
import type { FrameHandler } from '../frame-queue.ts';
import { readErrorResponse, type ServerError } from './error-response.ts';
import { FailedExchange } from './failed-exchange.ts';
import * as message from './messages.ts';
import type { OpenStatement } from './open-statement.ts';
import { Pairing } from './pairing.ts';
import type { RequestKind } from './pending-requests.ts';
import type { PostgresSession } from './postgres-session.ts';
import { QueryResults } from './query-results.ts';
import { readBesideAnswers, readTypes, serverWantedBytes } from './server-settings.ts';
import { StatementReports } from './statement-reports.ts';

const IDLE = 0x49; // I: no transaction is open

/** Reads what the server answers, and reports each request with what came of it. */
export class ServerAnswers implements FrameHandler {
  readonly pairing: Pairing;
  readonly #session: PostgresSession;
  readonly #reports: StatementReports;
  readonly #results = new QueryResults();
  #failed: FailedExchange | undefined;
  /** A Query's error; ReadyForQuery follows it. */
  #queryError: ServerError | undefined;
  #errorAt: Nanos = 0;
  #damaged = false;
  #announced: OpenStatement | undefined;

  constructor(session: PostgresSession) {
    this.#session = session;
    this.#reports = new StatementReports(session);
    this.pairing = new Pairing(session, this.#reports, () => this.#abandon());
  }

  /** Bytes within the message in progress were lost; `skimming`: of a part that is not read. */
  bytesLost(skimming: boolean): void {
    this.#damaged = !skimming;
  }

  wantedBytes(header: Buffer, headerAt: number, bodyLength: number): number {
    return Math.min(bodyLength, serverWantedBytes(header[headerAt] ?? 0));
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
      !readBesideAnswers(this.#session, type, buffer, start, bodyEnd) &&
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
      if (prepared !== undefined && kind === 'parse') this.#session.prepared.confirm(prepared, at);
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
      else if (prepared !== undefined) prepared.parameterTypes = readTypes(buffer, start, end);
    } else if (type === message.FUNCTION_CALL_RESPONSE) {
      if (kind === 'function') this.#results.completeUntagged(at);
      else this.#outOfStep();
    } else this.#copy(type, kind, at);
  }

  #expect(kind: RequestKind, expected: RequestKind): void {
    if (kind === expected && this.#failed === undefined) this.pairing.answered();
    else this.#outOfStep();
  }

  #completed(kind: RequestKind, at: Nanos): void {
    if (kind === 'query') this.#countCopied();
    else if (kind === 'execute' && this.#failed === undefined) {
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
    this.#reports.report(statement);
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
      this.#reports.commitFailed(error, at);
    } else if (kind !== 'none' && this.#failed === undefined) {
      this.#failed = new FailedExchange({ error, at, kind, prepared, portal }, this.#session, this.#reports);
      if (kind === 'execute') this.#settle(statement, true, error, at);
      pending.drop();
    }
  }

  #ready(buffer: Buffer, start: number, end: number, at: Nanos): void {
    const { pairing } = this;
    const { pending } = pairing;
    pairing.heard(at);
    if (this.#session.loggingIn) {
      this.#session.loggedIn(at, OK);
    } else if (!pairing.following) {
      pairing.readyWhileLost();
    } else if (this.#failed !== undefined) {
      if (this.#skipToSync()) this.#confirmed(false);
    } else if (pending.first.kind === 'query' || pending.first.kind === 'function') {
      this.#settle(pending.first.statement, true, this.#queryError, this.#errorAt);
      this.#confirmed(true);
      pairing.answered();
    } else if (pending.first.kind === 'sync') {
      this.#confirmed(true);
      pairing.answered();
    } else if (pending.length > 0) {
      pairing.lose(Math.max(0, pending.syncPoints - 1));
    }
    this.#results.clear();
    if (pending.length === 0 && end > start && buffer[start] === IDLE) this.#session.prepared.clearPortals();
  }

  /** The exchange ended as it should; where it failed the error may belong to a request that was not seen. */
  #confirmed(succeeded: boolean): void {
    this.pairing.confirmed();
    this.#reports.endExchange(succeeded);
  }

  #settle(statement: OpenStatement | undefined, seen: boolean, error: ServerError | undefined, errorAt: Nanos): void {
    if (statement !== undefined) this.#reports.settle(this.#results, statement, { seen, error, errorAt });
    this.#queryError = undefined;
    this.#results.clear();
  }

  #skipToSync(): boolean {
    const failed = this.#failed;
    this.#failed = undefined;
    return failed?.skipToSync(this.pairing) ?? false;
  }

  /** What is pending will have no answer that could be told from others. */
  #abandon(): void {
    const { pending } = this.pairing;
    if (this.#failed !== undefined) this.#skipToSync();
    while (pending.length > 0) {
      this.#settle(pending.first.statement, false, this.#queryError, this.#errorAt);
      pending.drop();
    }
    this.#results.clear();
    this.#reports.endExchange(false);
  }

  #outOfStep(): void {
    this.pairing.lose(this.pairing.pending.syncPoints);
  }
}
