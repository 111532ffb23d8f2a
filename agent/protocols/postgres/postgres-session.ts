import type { Nanos } from '../../timeline.ts';
import { type Outcome, UNSEEN } from '../activity.ts';
import type { DecoderContext } from '../protocol.ts';
import type { SessionFacts } from '../session-facts.ts';
import { openStatement } from './open-statement.ts';
import { type Prepared, PreparedStatements } from './prepared-statements.ts';
import type { StartupParameters } from './startup.ts';
import { type ReadText, textReader } from './text-encoding.ts';

type Changes = Parameters<SessionFacts['update']>[0];

interface LoginAttempt {
  readonly at: Nanos;
  readonly user: string | undefined;
  readonly database: string | undefined;
  method: string;
}

/** What both directions of one connection share: who is logged in, how text is read, what is prepared. */
export class PostgresSession {
  readonly context: DecoderContext;
  readonly prepared: PreparedStatements;
  readText: ReadText = textReader('UTF8');
  /** standard_conforming_strings: on since PostgreSQL 9.1, unless the server says otherwise. */
  standardStrings = true;
  /** CopyData of the client since the last COPY was over, framing included. */
  copiedBytes = 0;
  #login: LoginAttempt | undefined;
  /** Told by the server while it lets the client in; all at once when it has. */
  #changes: Record<string, unknown> & Changes = {};

  constructor(context: DecoderContext) {
    this.context = context;
    this.prepared = new PreparedStatements(context.limits.preparedStatements, (prepared) => this.#forgotten(prepared));
  }

  /** The server has not yet said whether the client is in. */
  get loggingIn(): boolean {
    return this.#login !== undefined;
  }

  startLogin(at: Nanos, parameters: StartupParameters): void {
    const { user, database, program, clientEncoding, attributes } = parameters;
    this.#login = { at, user, database, method: 'trust' };
    this.#changes = { program, attributes };
    if (clientEncoding !== undefined) this.readText = textReader(clientEncoding);
  }

  authenticatedBy(method: string): void {
    if (this.#login !== undefined) this.#login.method = method;
  }

  /** The mechanism that the client chose among those of SASL. */
  mechanism(name: string): void {
    if (this.#login?.method === 'sasl') this.#login.method = name;
  }

  loggedIn(at: Nanos, outcome: Outcome): void {
    const login = this.#login;
    if (login === undefined) return;
    this.#login = undefined;
    const { user, database, method } = login;
    const known = outcome.kind === 'ok' ? { user, database } : {};
    this.context.facts.update({ ...this.#changes, ...known, authMethod: method });
    this.#changes = {};
    const until = outcome.kind === 'unseen' ? undefined : at;
    this.context.report({ kind: 'login', phase: 'start', at: login.at, until, user, database, outcome });
  }

  /** ParameterStatus: the server's settings as they are now. */
  parameter(name: string, value: string): void {
    if (name === 'client_encoding') this.readText = textReader(value);
    else if (name === 'standard_conforming_strings') this.standardStrings = value !== 'off';
    else if (name === 'server_version') this.#learn({ serverVersion: value });
    else if (name === 'application_name' && value !== '') this.#learn({ program: value });
    else if (name === 'session_authorization' && this.#login === undefined) this.#learn({ user: value });
  }

  backend(processId: number): void {
    this.#learn({ connectionId: String(processId) });
  }

  #learn(changes: Changes): void {
    if (this.#login === undefined) this.context.facts.update(changes);
    else Object.assign(this.#changes, changes);
  }

  /** Nothing follows: what is prepared and was never executed is told. */
  close(at: Nanos): void {
    this.loggedIn(at, UNSEEN);
    this.prepared.clear();
  }

  #forgotten(prepared: Prepared): void {
    if (prepared.accounted) return;
    prepared.accounted = true;
    const statement = openStatement(prepared.at, 'db.prepare', 'prepare');
    statement.until = prepared.until;
    statement.text = prepared.text;
    statement.textLength = prepared.textLength;
    statement.textSha256 = prepared.textSha256;
    statement.outcome = prepared.outcome;
    statement.requestBytes = prepared.requestBytes;
    statement.notes = prepared.notes;
    this.context.report(statement);
  }
}
