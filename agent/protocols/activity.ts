import type { Side } from '../tcp/byte-stream.ts';
import type { Nanos } from '../timeline.ts';

/** What came of a request. `unseen`: the connection ended or bytes were lost before the answer was seen. */
export type Outcome =
  | { readonly kind: 'ok' }
  | {
      readonly kind: 'failed';
      /** The database's own code: MySQL's number, PostgreSQL's SQLSTATE, Redis' error word. */
      readonly code: string;
      readonly message: string;
      /** Five characters, where the protocol has one. */
      readonly sqlstate?: string | undefined;
    }
  | { readonly kind: 'unseen' };

export const OK: Outcome = { kind: 'ok' };
export const UNSEEN: Outcome = { kind: 'unseen' };

/** An attempt to log in, also a later one on the same connection (MySQL's change user, Redis' AUTH). */
export interface Login {
  readonly kind: 'login';
  /** `start` opens the session; `change-user` happens inside it. */
  readonly phase: 'start' | 'change-user';
  readonly at: Nanos;
  /** When the server decided; undefined: not seen. */
  readonly until: Nanos | undefined;
  /** The account that was tried; the session's own account changes only when the outcome is ok. */
  readonly user: string | undefined;
  readonly database: string | undefined;
  readonly outcome: Outcome;
}

/** The closed list of event actions a statement may have (design, section 4). */
export type StatementAction =
  | 'db.query'
  | 'db.prepare'
  | 'db.execute'
  | 'db.command'
  | 'db.copy'
  | 'db.cancel'
  | 'db.replication.start';

/** `dbaudit.statement.kind`: how it reached the server. */
export type StatementKind =
  | 'text'
  | 'prepared'
  | 'bulk'
  | 'prepare'
  | 'copy'
  | 'command'
  | 'function'
  | 'cancel'
  | 'replication';

/** A bound parameter as text; null is SQL's NULL. */
export type Parameter = string | null;

/** Something a client asked of the database. */
export interface Statement {
  readonly kind: 'statement';
  readonly action: StatementAction;
  readonly statementKind: StatementKind;
  /** First byte of the request. */
  readonly at: Nanos;
  /** Last byte of the answer; undefined: not seen. */
  readonly until: Nanos | undefined;
  /** In which language `text` is: decides who finds operation, tables and secrets in it. */
  readonly language: 'sql' | 'redis' | 'none';
  /** As the client wrote it, decoded from its character set and cut at the text limit; undefined: its PREPARE was not seen. */
  readonly text: string | undefined;
  /** Bytes of the whole text on the wire, the part cut off included. */
  readonly textLength: number;
  /** SHA-256 in hex of the whole text; given only where the text was cut. */
  readonly textSha256: string | undefined;
  /** `SELECT`, `GET`, `COM_PING`…; undefined: to be found in the SQL text. */
  readonly operation: string | undefined;
  /** Tables or keys, where the protocol itself names them; undefined: to be found in the SQL text. */
  readonly targets: readonly string[] | undefined;
  readonly parameters: readonly Parameter[] | undefined;
  readonly outcome: Outcome;
  /** Rows given back. */
  readonly returnedRows: number | undefined;
  readonly affectedRows: number | undefined;
  /** Decimal; may be above 2^53. */
  readonly insertId: string | undefined;
  readonly warnings: number | undefined;
  /** Bytes of the request and of the answer, framing included. */
  readonly requestBytes: number;
  readonly responseBytes: number;
  /** What a reader must know to trust the rest: `text-unseen`, `parameters-unseen`, `answer-incomplete`… */
  readonly notes: readonly string[] | undefined;
}

/** A statement that has had no answer for long; it is still open and will be reported as a Statement later. */
export interface StillRunning {
  readonly kind: 'still-running';
  readonly at: Nanos;
  /** When the statement began. */
  readonly since: Nanos;
  readonly language: Statement['language'];
  readonly text: string | undefined;
  readonly operation: string | undefined;
}

/** Why something could not be seen (`db.gap`, `db.session.undecodable`). */
export type BlindReason =
  | 'encrypted'
  | 'compressed'
  | 'unrecognized'
  | 'malformed'
  | 'bytes-lost'
  | 'resynchronizing'
  | 'limit-reached';

/** What the first TLS message tells. */
export interface TlsFacts {
  readonly version: string | undefined;
  readonly serverName: string | undefined;
}

/** From here on, or for `bytes` bytes, this session was not seen. */
export interface Blind {
  readonly kind: 'blind';
  readonly at: Nanos;
  readonly reason: BlindReason;
  /** Whose bytes; undefined: both. */
  readonly from: Side | undefined;
  /** How many bytes, where a number is known. */
  readonly bytes: number | undefined;
  /** Nothing more of this session can be seen. */
  readonly forGood: boolean;
  /** In words, for people; never holds payload. */
  readonly detail: string | undefined;
}

export type Activity = Login | Statement | StillRunning | Blind;
