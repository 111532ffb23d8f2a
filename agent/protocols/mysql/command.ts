import type { Hash } from 'node:crypto';
import type { Nanos } from '../../timeline.ts';
import type { Parameter } from '../activity.ts';
import type { Credentials } from './handshake-response.ts';
import type { PreparedStatement } from './prepared-statements.ts';

/** One request on its way to being answered. */
export class Command {
  readonly code: number;
  readonly at: Nanos;
  /** Sequence number of the request's last packet; the answer's first has the next. undefined: any. */
  lastSequence: number | undefined = 0;
  requestBytes: number;
  responseBytes = 0;
  text: string | undefined;
  textLength = 0;
  textSha256: string | undefined;
  /** Set while a text that is cut goes on. */
  hash: Hash | undefined;
  statement: PreparedStatement | undefined;
  parameters: readonly Parameter[] | undefined;
  targets: readonly string[] | undefined;
  /** An EXECUTE's parameters until its PREPARE is answered: only then it is known how many there are. */
  unreadParameters: Buffer | undefined;
  credentials: Credentials | undefined;
  returnedRows: number | undefined;
  affectedRows: number | undefined;
  insertId: string | undefined;
  warnings: number | undefined;
  notes: string[] | undefined;
  saidStillRunning = false;

  constructor(code: number, at: Nanos, requestBytes: number) {
    this.code = code;
    this.at = at;
    this.requestBytes = requestBytes;
  }

  note(note: string): void {
    if (this.notes === undefined) this.notes = [note];
    else if (!this.notes.includes(note)) this.notes.push(note);
  }
}
