import type { AgentEvent, AuditEvent, CaptureGap, Session, SessionEvent } from '../audit-event.ts';
import type { HttpAccess } from '../file-input/http-access.ts';
import type { Blind, Login, Statement, StillRunning } from '../protocols/activity.ts';
import type { SqlAnalysis } from '../sql/analysis.ts';
import type { Encoder, EncoderOptions, EventNumbers } from './encoder.ts';
import { classOf } from './event-class.ts';
import { HTTP_DATASET, httpFields } from './http-fields.ts';
import type { JsonWriter } from './json-writer.ts';
import { NativeLine } from './native-line.ts';
import { StatementDetailWriter, writeOperation, writeResponse, writeText } from './native-statement.ts';
import { StatementPieceCache, writeStrings } from './statement-pieces.ts';

const CLOSE = 0x7d;
const STILL_RUNNING: readonly string[] = ['still-running'];

/** What a gap's count counts. An agent that cannot see at all cannot count either, nor what another took with it. */
const GAP_COUNTS: Readonly<Record<CaptureGap['reason'], string | undefined>> = {
  'kernel-drops': ',"gap_packets":',
  'fragments-lost': ',"gap_packets":',
  'packets-cut': ',"gap_packets":',
  'connection-limit': ',"gap_connections":',
  'output-full': ',"gap_events":',
  quarantined: ',"gap_events":',
  'spool-torn': ',"gap_events":',
  'spool-damaged': ',"gap_events":',
  'agent-killed': undefined,
  blind: undefined,
};

/** The format of `contract/audit-event.ts`. */
export function createNativeEncoder(options: EncoderOptions): Encoder {
  return new NativeEncoder(options);
}

/**
 * Writes lines from front to back: what belongs to the session and to the kind of statement is copied from pieces made
 * before, and only what differs from event to event is written out.
 */
class NativeEncoder implements Encoder {
  readonly #line: NativeLine;
  readonly #kinds = new StatementPieceCache();
  readonly #details: StatementDetailWriter;

  constructor(options: EncoderOptions) {
    this.#line = new NativeLine(options);
    this.#details = new StatementDetailWriter(options.redaction);
  }

  encode({ activity, session, analysis }: AuditEvent, { sequence, index }: EventNumbers, into: JsonWriter): void {
    this.#line.sequence = sequence;
    if (activity.kind === 'capture-gap' || activity.kind === 'agent') this.#agentEvent(activity, into);
    else if (activity.kind === 'http-access') this.#httpAccess(activity, into);
    else if (session === undefined) throw new TypeError(`an event of kind ${activity.kind} needs its session`);
    else if (activity.kind === 'statement') this.#statement(activity, analysis, session, index, into);
    else if (activity.kind === 'login') this.#login(activity, session, index, into);
    else if (activity.kind === 'still-running') this.#stillRunning(activity, analysis, session, index, into);
    else if (activity.kind === 'blind') this.#blind(activity, session, index, into);
    else this.#sessionEvent(activity, session, index, into);
    this.#line.end(into);
  }

  #statement(
    statement: Statement,
    analysis: SqlAnalysis | undefined,
    session: Session,
    index: number,
    into: JsonWriter,
  ): void {
    const line = this.#line;
    const pieces = line.sessions.of(session);
    const kind = this.#kinds.of(statement.operation ?? analysis?.operation, analysis);
    line.begin(classOf(statement, analysis?.statementClass).head, statement.at, into);
    line.span(statement.at, statement.until, into);
    line.identify(pieces, index, into);
    writeOperation(kind, statement.targets, into);
    writeText(statement, analysis === undefined ? statement.text : analysis.text, kind, into);
    writeResponse(statement.outcome, statement.returnedRows, pieces.okCode, into);
    line.parties(pieces, index, statement.requestBytes, statement.responseBytes, into);
    into.piece(pieces.capture);
    if (statement.notes !== undefined) writeStrings(into, ',"notes":', statement.notes);
    this.#details.write(statement, analysis, kind, into);
  }

  #login(login: Login, session: Session, index: number, into: JsonWriter): void {
    const { facts } = session;
    const line = this.#line;
    const pieces = line.sessions.withAccount(session, login.user ?? facts.user, login.database ?? facts.database);
    line.begin(classOf(login, undefined).head, login.at, into);
    line.span(login.at, login.until, into);
    line.identify(pieces, index, into);
    writeResponse(login.outcome, undefined, pieces.okCode, into);
    line.parties(pieces, index, undefined, undefined, into);
    line.attributes(session, into);
    into.piece(pieces.capture);
  }

  /** Without the text: the event that carries it is the one that says how the statement ended. */
  #stillRunning(
    running: StillRunning,
    analysis: SqlAnalysis | undefined,
    session: Session,
    index: number,
    into: JsonWriter,
  ): void {
    const line = this.#line;
    const pieces = line.sessions.of(session);
    line.begin(classOf(running, undefined).head, running.at, into);
    line.span(running.since, undefined, into);
    line.identify(pieces, index, into);
    writeOperation(this.#kinds.of(running.operation ?? analysis?.operation, analysis), undefined, into);
    into.byte(CLOSE);
    into.byte(CLOSE);
    line.parties(pieces, index, undefined, undefined, into);
    into.piece(pieces.capture);
    writeStrings(into, ',"notes":', STILL_RUNNING);
  }

  #blind(blind: Blind, session: Session, index: number, into: JsonWriter): void {
    const line = this.#line;
    const pieces = line.sessions.of(session);
    line.begin(classOf(blind, undefined).head, blind.at, into);
    line.reason(blind.reason, into);
    line.identify(pieces, index, into);
    into.byte(CLOSE);
    line.message(blind.detail, into);
    line.parties(pieces, index, undefined, undefined, into);
    line.attributes(session, into);
    into.piece(pieces.capture);
    if (blind.bytes !== undefined) {
      into.ascii(',"gap_bytes":');
      into.integer(blind.bytes);
    }
    if (blind.from !== undefined) into.ascii(`,"notes":["from-${blind.from}"]`);
  }

  #sessionEvent(activity: SessionEvent, session: Session, index: number, into: JsonWriter): void {
    const line = this.#line;
    const pieces = line.sessions.of(session);
    line.begin(classOf(activity, undefined).head, activity.at, into);
    if (activity.kind === 'session-end') {
      line.span(session.connection.startedAt, activity.at, into);
      line.reason(activity.reason, into);
    }
    line.identify(pieces, index, into);
    into.byte(CLOSE);
    line.parties(pieces, index, undefined, undefined, into);
    line.attributes(session, into);
    into.piece(pieces.capture);
  }

  #httpAccess(access: HttpAccess, into: JsonWriter): void {
    const line = this.#line;
    line.begin(classOf(access, undefined).head, access.at, into);
    line.identifyEntry(HTTP_DATASET, access.id, access.durationNanos, httpFields(access), into);
  }

  #agentEvent(activity: CaptureGap | AgentEvent, into: JsonWriter): void {
    const line = this.#line;
    line.begin(classOf(activity, undefined).head, activity.at, into);
    if (activity.kind === 'capture-gap') line.reason(activity.reason, into);
    line.identifyAgent(activity.detail, into);
    if (activity.kind === 'agent') return;
    const name = GAP_COUNTS[activity.reason];
    if (name !== undefined && activity.count > 0) {
      into.ascii(name);
      into.integer(activity.count);
    }
    if (activity.sink === undefined) return;
    into.ascii(',"sink":');
    into.string(activity.sink);
  }
}
