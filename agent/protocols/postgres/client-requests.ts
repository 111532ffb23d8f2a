import type { Nanos } from '../../timeline.ts';
import type { FrameHandler } from '../frame-queue.ts';
import { saslMechanism } from './authentication.ts';
import { readParameters, textEnd } from './bind-message.ts';
import { droppedNames } from './deallocation.ts';
import * as message from './messages.ts';
import { NameCache } from './name-cache.ts';
import { addNote, executeStatement, openStatement } from './open-statement.ts';
import type { Pairing } from './pairing.ts';
import type { PostgresSession } from './postgres-session.ts';
import { Portal, Prepared } from './prepared-statements.ts';
import { readTypes } from './server-settings.ts';
import { LongText, setText } from './statement-text.ts';

/** A name is short, a mechanism's too; more of a Parse or Bind than its text and values is not needed. */
const NAME_BYTES = 256;
/** Values of parameters are kept up to here: enough to tell what was done, not a copy of what is stored. */
const PARAMETER_BYTES = 65_536;
const STATEMENT = 0x53; // S: in Describe and Close; P is a portal

/** Reads what the client asks for, and puts it behind what is pending. */
export class ClientRequests implements FrameHandler {
  /** Bytes of the message in progress were lost: its type and length are known, its body is not. */
  #damaged = false;
  readonly #session: PostgresSession;
  readonly #pairing: Pairing;
  readonly #names = new NameCache();
  /** Bytes and time of the messages that lead to the next Execute. */
  #bytes = 0;
  #flightAt: Nanos | undefined;
  /** A text that is longer than what is kept of it, while the rest of it goes by. */
  #longText: LongText | undefined;

  constructor(session: PostgresSession, pairing: Pairing) {
    this.#session = session;
    this.#pairing = pairing;
  }

  /** Bytes within the message in progress were lost; `skimming`: of the part that is not kept. */
  bytesLost(skimming: boolean): void {
    this.#longText = undefined;
    this.#damaged = !skimming;
  }

  wantedBytes(header: Buffer, headerAt: number, bodyLength: number): number {
    return Math.min(bodyLength, this.#keptBytes(header[headerAt] ?? 0));
  }

  frame(buffer: Buffer, headerAt: number, start: number, end: number, bodyLength: number, at: Nanos): void {
    const type = buffer[headerAt] ?? 0;
    const damaged = this.#damaged;
    this.#damaged = false;
    this.#longText = undefined;
    if (type === message.COPY_DATA) {
      this.#session.copiedBytes += message.HEADER_BYTES + bodyLength;
      return;
    }
    this.#bytes += message.HEADER_BYTES + bodyLength;
    if (type === message.SYNC) {
      this.#pairing.add('sync', undefined, undefined, undefined);
      this.#endFlight();
    } else if (type === message.FLUSH) {
      this.#flightAt = undefined;
    } else if (type === message.COPY_DONE || type === message.COPY_FAIL) {
      this.#pairing.copyingIn = false;
      this.#endFlight();
    } else if (type === message.AUTHENTICATION_RESPONSE) {
      if (!damaged && this.#session.loggingIn) this.#authenticate(buffer, start, end);
      this.#endFlight();
    } else if (type !== message.TERMINATE) {
      this.#pairing.request(at);
      this.#flightAt ??= at;
      if (damaged) this.#damagedRequest(type, at);
      else this.#request(type, buffer, start, end, bodyLength, at);
    }
  }

  /** More of a long text; what is behind it in a Parse is not read. */
  rest(buffer: Buffer, start: number, end: number, remaining: number): void {
    if (this.#longText?.more(buffer, start, end, remaining) === false) this.#longText = undefined;
  }

  /** How many bytes of a body are ever looked at, whether the rest is at hand or not. */
  #keptBytes(type: number): number {
    if (type === message.QUERY || type === message.PARSE) return this.#session.context.limits.textBytes + NAME_BYTES;
    if (type === message.BIND || type === message.FUNCTION_CALL) return PARAMETER_BYTES;
    if (type === message.COPY_DATA || type === message.COPY_FAIL) return 0;
    if (type === message.AUTHENTICATION_RESPONSE) return NAME_BYTES;
    return Number.POSITIVE_INFINITY;
  }

  #request(type: number, buffer: Buffer, start: number, end: number, bodyLength: number, at: Nanos): void {
    const bodyEnd = start + bodyLength;
    if (type === message.QUERY) this.#query(buffer, start, end, bodyEnd, at);
    else if (type === message.PARSE) this.#parse(buffer, start, end, bodyEnd, at);
    else if (type === message.BIND) this.#bind(buffer, start, end, bodyEnd, at);
    else if (type === message.EXECUTE) this.#execute(buffer, start, end);
    else if (type === message.DESCRIBE) this.#describe(buffer, start, end);
    else if (type === message.CLOSE) this.#close(buffer, start, end);
    else this.#functionCall(buffer, start, end, bodyEnd, at);
  }

  #query(buffer: Buffer, start: number, end: number, bodyEnd: number, at: Nanos): void {
    const statement = openStatement(at, 'db.query', 'text');
    statement.requestBytes = message.HEADER_BYTES + bodyEnd - start;
    if (end === bodyEnd) setText(statement, this.#session, buffer, start, end - 1);
    else this.#longText = new LongText(statement, this.#session, buffer, start, end, bodyEnd - start - 1);
    this.#forget(statement.text);
    this.#pairing.add('query', undefined, undefined, statement, end - start);
    this.#endFlight();
  }

  /** Parse: String name, String text, Int16 n, Int32 types[n]. */
  #parse(buffer: Buffer, start: number, end: number, bodyEnd: number, at: Nanos): void {
    const nameEnd = textEnd(buffer, start, end);
    const prepared = new Prepared(this.#name(buffer, start, nameEnd), at);
    const textAt = nameEnd + 1;
    const zero = textAt < end ? buffer.indexOf(0, textAt) : -1;
    if (zero >= 0 && zero < end) {
      setText(prepared, this.#session, buffer, textAt, zero);
      prepared.parameterTypes = readTypes(buffer, zero + 1, Math.min(end, start + this.#keptBytes(message.PARSE)));
    } else if (end < bodyEnd) {
      this.#longText = new LongText(prepared, this.#session, buffer, textAt, end, bodyEnd - textAt - 3);
    } else {
      textEnd(buffer, textAt, end);
    }
    prepared.requestBytes = this.#bytes;
    this.#session.prepared.add(prepared);
    this.#pairing.add('parse', prepared, undefined, undefined, end - start);
  }

  #bind(buffer: Buffer, start: number, end: number, bodyEnd: number, at: Nanos): void {
    const { readText, prepared: statements } = this.#session;
    const portalEnd = textEnd(buffer, start, end);
    const nameEnd = textEnd(buffer, portalEnd + 1, end);
    const portalName = this.#name(buffer, start, portalEnd);
    const name = this.#name(buffer, portalEnd + 1, nameEnd);
    const prepared = statements.find(name) ?? unseenPrepared(name, at);
    const keptEnd = Math.min(end, start + PARAMETER_BYTES);
    const { values, cut } = readParameters(buffer, nameEnd + 1, keptEnd, bodyEnd, prepared.parameterTypes, readText);
    const portal = new Portal(portalName, prepared, at, values, cut ? ['parameters-cut'] : undefined);
    statements.bind(portal);
    this.#pairing.add('bind', prepared, portal, undefined, keptEnd - start);
  }

  /** Execute: String portal, Int32 most rows. */
  #execute(buffer: Buffer, start: number, end: number): void {
    const portalEnd = textEnd(buffer, start, end);
    const name = this.#name(buffer, start, portalEnd);
    this.#addExecute(this.#session.prepared.portal(name));
  }

  #addExecute(portal: Portal | undefined): void {
    const statement = executeStatement(portal, this.#flightAt ?? 0);
    statement.requestBytes = this.#bytes;
    if (portal === undefined) {
      this.#session.prepared.executedOneOf();
    } else {
      if (portal.executed) addNote(statement, 'fetch');
      else this.#forget(statement.text);
      portal.executed = true;
      portal.prepared.accounted = true;
    }
    this.#pairing.add('execute', portal?.prepared, portal, statement);
    this.#endFlight();
  }

  #describe(buffer: Buffer, start: number, end: number): void {
    const name = this.#name(buffer, start + 1, textEnd(buffer, start + 1, end));
    const { prepared: statements } = this.#session;
    const portal = buffer[start] === STATEMENT ? undefined : statements.portal(name);
    const prepared = buffer[start] === STATEMENT ? statements.find(name) : portal?.prepared;
    this.#pairing.add('describe', prepared, portal, undefined);
  }

  #close(buffer: Buffer, start: number, end: number): void {
    const name = this.#name(buffer, start + 1, textEnd(buffer, start + 1, end));
    if (buffer[start] === STATEMENT) this.#session.prepared.close(name);
    else this.#session.prepared.closePortal(name);
    this.#pairing.add('close', undefined, undefined, undefined);
  }

  /** FunctionCall: Int32 function, Int16 n, Int16 formats[n], Int16 m, (Int32 length, value)[m], Int16 result format. */
  #functionCall(buffer: Buffer, start: number, end: number, bodyEnd: number, at: Nanos): void {
    const statement = openStatement(at, 'db.command', 'function');
    const keptEnd = Math.min(end, start + PARAMETER_BYTES);
    const { values, cut } = readParameters(buffer, start + 4, keptEnd, bodyEnd, undefined, this.#session.readText);
    statement.language = 'none';
    statement.operation = 'FunctionCall';
    statement.targets = [String(buffer.readUInt32BE(start))];
    statement.parameters = values;
    statement.requestBytes = message.HEADER_BYTES + bodyEnd - start;
    if (cut) addNote(statement, 'parameters-cut');
    this.#pairing.add('function', undefined, undefined, statement, keptEnd - start);
    this.#endFlight();
  }

  /** A request whose body was lost still has an answer; what it was about is not known. */
  #damagedRequest(type: number, at: Nanos): void {
    const { prepared: statements } = this.#session;
    if (type === message.QUERY || type === message.FUNCTION_CALL) {
      const isQuery = type === message.QUERY;
      const statement = openStatement(at, isQuery ? 'db.query' : 'db.command', isQuery ? 'text' : 'function');
      statement.requestBytes = this.#bytes;
      addNote(statement, 'text-unseen');
      this.#pairing.add(isQuery ? 'query' : 'function', undefined, undefined, statement);
      this.#endFlight();
    } else if (type === message.EXECUTE) {
      this.#addExecute(undefined);
    } else if (type === message.BIND) {
      statements.clearPortals();
      this.#pairing.add('bind', undefined, undefined, undefined);
    } else {
      if (type !== message.DESCRIBE) statements.doubt();
      const kind = type === message.PARSE ? 'parse' : type === message.DESCRIBE ? 'describe' : 'close';
      this.#pairing.add(kind, undefined, undefined, undefined);
    }
  }

  #name(buffer: Buffer, start: number, end: number): string {
    return this.#names.read(buffer, start, end, this.#session.readText);
  }

  #authenticate(buffer: Buffer, start: number, end: number): void {
    const mechanism = saslMechanism(buffer, start, end);
    if (mechanism !== undefined) this.#session.mechanism(mechanism);
  }

  /** DISCARD ALL and DEALLOCATE work in the order of requests, so they are applied as they are sent. */
  #forget(text: string | undefined): void {
    const dropped = text === undefined ? undefined : droppedNames(text);
    if (dropped === 'all') this.#session.prepared.clear();
    else if (dropped !== undefined) this.#session.prepared.close(dropped.name);
  }

  #endFlight(): void {
    this.#bytes = 0;
    this.#flightAt = undefined;
  }
}

/** Parsed before the capture began, or where bytes were lost, or by SQL's PREPARE. */
function unseenPrepared(name: string, at: Nanos): Prepared {
  const prepared = new Prepared(name, at);
  prepared.accounted = true;
  return prepared;
}
