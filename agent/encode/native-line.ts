import { ECS_VERSION } from '../../contract/version.ts';
import type { CaptureGap, Session } from '../audit-event.ts';
import type { BlindReason } from '../protocols/activity.ts';
import type { CloseReason } from '../tcp/byte-stream.ts';
import type { Nanos } from '../timeline.ts';
import type { EncoderOptions } from './encoder.ts';
import type { JsonWriter } from './json-writer.ts';
import { Piece } from './piece.ts';
import { SessionPieceFactory, type SessionPieces } from './session-pieces.ts';
import { TimestampWriter } from './timestamp.ts';

const DURATION = new Piece('Z","duration":');
const SEQUENCE = new Piece(',"sequence":');
const LINE_END = new Piece('}}}\n');
const NO_END = new Piece('Z"');
const QUOTE = 0x22;

/**
 * The frame of every line, in the order in which a line is written: `begin`, `span` and `reason` (both optional), then
 * `identify`, which leaves the `db` object open for the caller, `message` (optional), `parties`, `capture`, which leaves
 * its object open, and `end`. An event without a session has `identifyAgent` instead of what lies between.
 */
export class NativeLine {
  readonly sessions: SessionPieceFactory;
  readonly #timestamp: TimestampWriter;
  readonly #start: TimestampWriter;
  readonly #end: TimestampWriter;
  readonly #agentId: string;
  readonly #agentCapture: string;
  /** Of the line that is written. */
  sequence = 0;

  constructor(options: EncoderOptions) {
    this.sessions = new SessionPieceFactory(options);
    this.#timestamp = new TimestampWriter(options.timeline, '{"@timestamp":"');
    this.#start = new TimestampWriter(options.timeline, ',"start":"');
    this.#end = new TimestampWriter(options.timeline, 'Z","end":"');
    this.#agentId = `,"dataset":"dbaudit.agent","id":"${options.instanceId}-`;
    this.#agentCapture = `${this.sessions.kubernetes},"dbaudit":{"schema":1,"capture":${this.sessions.capture(undefined)}`;
  }

  begin(head: Piece, at: Nanos, into: JsonWriter): void {
    this.#timestamp.write(into, at);
    into.piece(head);
  }

  span(start: Nanos, end: Nanos | undefined, into: JsonWriter): void {
    this.#start.write(into, start);
    if (end === undefined) {
      into.piece(NO_END);
      return;
    }
    this.#end.write(into, end);
    into.piece(DURATION);
    into.integer(end > start ? end - start : 0);
  }

  reason(word: BlindReason | CloseReason | CaptureGap['reason'], into: JsonWriter): void {
    into.ascii(`,"reason":"${word}"`);
  }

  identify(pieces: SessionPieces, index: number, into: JsonWriter): void {
    into.piece(SEQUENCE);
    into.integer(this.sequence);
    into.ascii(pieces.eventId);
    into.integer(index);
    into.piece(pieces.database);
  }

  message(words: string | undefined, into: JsonWriter): void {
    if (words === undefined) return;
    into.ascii(',"message":');
    into.string(words);
  }

  /** Bytes are those of one request and its answer; undefined where the event is about neither. */
  parties(
    pieces: SessionPieces,
    index: number,
    request: number | undefined,
    answer: number | undefined,
    into: JsonWriter,
  ) {
    if (request === undefined || answer === undefined) into.ascii(pieces.withoutBytes);
    else {
      into.ascii(pieces.source);
      into.integer(request);
      into.ascii(pieces.client);
      into.integer(request);
      into.piece(pieces.destination);
      into.integer(answer);
      into.piece(pieces.server);
      into.integer(answer);
    }
    into.piece(pieces.account);
    into.ascii(pieces.identity);
    into.piece(pieces.facts);
    into.integer(index);
  }

  attributes({ facts }: Session, into: JsonWriter): void {
    if (facts.attributes === undefined) return;
    into.ascii(',"attributes":');
    writeNamed(facts.attributes, into);
  }

  /** All of an event of the agent's own up to its open `capture` object. */
  identifyAgent(detail: string | undefined, into: JsonWriter): void {
    into.ascii(this.#agentId);
    into.integer(this.sequence);
    into.byte(QUOTE);
    into.piece(SEQUENCE);
    into.integer(this.sequence);
    into.ascii(`},"ecs":{"version":"${ECS_VERSION}"}`);
    this.message(detail, into);
    into.ascii(this.#agentCapture);
  }

  /** As `identifyAgent`, for an event with an id and fields of its own; `fields` are objects by name, of JSON's kind. */
  identifyEntry(
    dataset: string,
    id: string,
    durationNanos: number | undefined,
    fields: Readonly<Record<string, object | undefined>>,
    into: JsonWriter,
  ): void {
    if (durationNanos !== undefined) {
      into.ascii(',"duration":');
      into.integer(durationNanos);
    }
    into.ascii(`,"dataset":"${dataset}","id":"${id}"`);
    into.piece(SEQUENCE);
    into.integer(this.sequence);
    into.ascii(`},"ecs":{"version":"${ECS_VERSION}"}`);
    for (const [name, value] of Object.entries(fields)) {
      if (value !== undefined) into.json(`,"${name}":${JSON.stringify(value)}`);
    }
    into.ascii(this.#agentCapture);
  }

  /** Closes `capture` or what came after it, `dbaudit` and the whole, and ends the line. */
  end(into: JsonWriter): void {
    into.piece(LINE_END);
  }
}

/** An object of strings and nulls. */
function writeNamed(values: Readonly<Record<string, string | null>>, into: JsonWriter): void {
  let separator = '{';
  for (const [name, value] of Object.entries(values)) {
    into.ascii(separator);
    into.string(name);
    into.ascii(':');
    if (value === null) into.ascii('null');
    else into.string(value);
    separator = ',';
  }
  into.ascii(separator === '{' ? '{}' : '}');
}
