import type { Nanos } from '../../timeline.ts';
import type { Outcome } from '../activity.ts';

/** Texts kept for later executions, all statements of a connection together; a client that prepares without end costs no more. */
const MAX_KEPT_TEXT_BYTES = 4 * 1024 * 1024;
/** What an entry costs beside its text, roughly. */
const ENTRY_BYTES = 200;

/** A parameter that was sent ahead in pieces. */
interface LongData {
  readonly pieces: Buffer[];
  keptBytes: number;
  totalBytes: number;
}

/** A statement that a client prepared. It exists from the request on, as MariaDB's clients execute before the answer. */
export class PreparedStatement {
  readonly text: string | undefined;
  /** This and the digest are final once the request has come whole. */
  textLength: number;
  textSha256: string | undefined;
  /** undefined: the answer has not come. */
  id: number | undefined;
  parameterCount = 0;
  /** Two bytes for each parameter, as last bound: the type, and 0x80 for unsigned. */
  types: Buffer | undefined;
  executed = false;
  /** Used since it was last considered for being forgotten. */
  recentlyUsed = false;
  longData: Map<number, LongData> | undefined;
  /** Some of what was sent ahead was lost. */
  lacksLongData = false;
  /** How its PREPARE went: told only if no execution ever tells the text. */
  readonly at: Nanos;
  until: Nanos | undefined;
  readonly requestBytes: number;
  responseBytes = 0;
  outcome: Outcome | undefined;

  constructor(text: string | undefined, textLength: number, at: Nanos, requestBytes: number) {
    this.text = text;
    this.textLength = textLength;
    this.at = at;
    this.requestBytes = requestBytes;
  }

  /** Adds to a parameter sent ahead; keeps at most `limitBytes` of all such parameters together. */
  addLongData(
    parameter: number,
    buffer: Buffer,
    start: number,
    end: number,
    totalBytes: number,
    limitBytes: number,
  ): void {
    this.longData ??= new Map();
    let data = this.longData.get(parameter);
    if (data === undefined) {
      if (this.longData.size >= MAX_LONG_PARAMETERS) return;
      data = { pieces: [], keptBytes: 0, totalBytes: 0 };
      this.longData.set(parameter, data);
    }
    const kept = Math.min(end - start, limitBytes - data.keptBytes);
    if (kept > 0) {
      const last = data.pieces.pop();
      const piece = buffer.subarray(start, start + kept);
      // Joined when small, so that a parameter sent byte by byte is no list of a million buffers.
      if (last === undefined) data.pieces.push(Buffer.from(piece));
      else if (last.length < JOINED_BYTES) data.pieces.push(Buffer.concat([last, piece]));
      else data.pieces.push(last, Buffer.from(piece));
      data.keptBytes += kept;
    }
    data.totalBytes += totalBytes;
  }
}

/** A statement may have 65535 parameters; long data for more than this many at once is no use that was ever seen. */
const MAX_LONG_PARAMETERS = 1024;
const JOINED_BYTES = 4096;

/** The prepared statements of one connection by id; the least recently used are forgotten beyond the limits. */
export class PreparedStatements {
  readonly #byId = new Map<number, PreparedStatement>();
  readonly #limit: number;
  readonly #forgotten: (statement: PreparedStatement) => void;
  #keptBytes = 0;

  /** `forgotten` is told each statement that is closed or dropped. */
  constructor(limit: number, forgotten: (statement: PreparedStatement) => void) {
    this.#limit = limit;
    this.#forgotten = forgotten;
  }

  get(id: number): PreparedStatement | undefined {
    const statement = this.#byId.get(id);
    if (statement !== undefined) statement.recentlyUsed = true;
    return statement;
  }

  add(id: number, statement: PreparedStatement): void {
    this.close(id);
    this.#byId.set(id, statement);
    this.#keptBytes += keptBytes(statement);
    if (this.#byId.size > this.#limit || this.#keptBytes > MAX_KEPT_TEXT_BYTES) this.#makeRoom(statement);
  }

  close(id: number): void {
    const statement = this.#byId.get(id);
    if (statement === undefined) return;
    this.#byId.delete(id);
    this.#keptBytes -= keptBytes(statement);
    this.#forgotten(statement);
  }

  closeAll(): void {
    for (const id of [...this.#byId.keys()]) this.close(id);
  }

  /** What was bound before may have been bound anew in bytes that were lost. */
  forgetTypes(): void {
    for (const statement of this.#byId.values()) statement.types = undefined;
  }

  /** What is sent ahead at present is not whole: a piece was lost, and nobody knows of which. */
  doubtLongData(): void {
    for (const statement of this.#byId.values()) {
      if (statement.longData !== undefined) statement.lacksLongData = true;
    }
  }

  /** Second chance: who was used since the last round stays for another. */
  #makeRoom(newest: PreparedStatement): void {
    for (const [id, statement] of [...this.#byId]) {
      if (this.#byId.size <= this.#limit && this.#keptBytes <= MAX_KEPT_TEXT_BYTES) return;
      if (statement === newest) continue;
      if (statement.recentlyUsed) {
        statement.recentlyUsed = false;
        this.#byId.delete(id);
        this.#byId.set(id, statement);
      } else {
        this.close(id);
      }
    }
  }
}

function keptBytes(statement: PreparedStatement): number {
  return ENTRY_BYTES + (statement.text?.length ?? 0) * 2;
}
