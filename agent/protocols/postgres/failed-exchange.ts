import type { Nanos } from '../../timeline.ts';
import type { ServerError } from './error-response.ts';
import { addNote, executeStatement, type OpenStatement } from './open-statement.ts';
import type { Pairing } from './pairing.ts';
import type { RequestKind } from './pending-requests.ts';
import type { PostgresSession } from './postgres-session.ts';
import type { Portal, Prepared } from './prepared-statements.ts';
import type { StatementReports } from './statement-reports.ts';

/** An error of the extended protocol, and what the failed message was about. */
export interface Failure {
  readonly error: ServerError;
  readonly at: Nanos;
  readonly kind: RequestKind;
  readonly prepared: Prepared | undefined;
  readonly portal: Portal | undefined;
}

/** After an error the server skips everything up to the next Sync; so do we, and tell what was never run. */
export class FailedExchange {
  readonly #failure: Failure;
  readonly #session: PostgresSession;
  readonly #reports: StatementReports;
  /** The error has been told with the Execute that it belongs to. */
  #told: boolean;

  constructor(failure: Failure, session: PostgresSession, reports: StatementReports) {
    this.#failure = failure;
    this.#session = session;
    this.#reports = reports;
    this.#told = failure.kind === 'execute';
  }

  /** Takes off what was skipped, the Sync included; false where there is none. */
  skipToSync(pairing: Pairing): boolean {
    const { pending } = pairing;
    let synced = false;
    while (!synced && pending.length > 0 && pending.first.kind !== 'lost') {
      const { kind, prepared, portal, statement } = pending.first;
      if (kind === 'parse' && prepared !== undefined) this.#session.prepared.undo(prepared);
      if (statement !== undefined) this.#skipped(prepared, portal, statement);
      synced = kind === 'sync';
      if (synced) pairing.answered();
      else pending.drop();
    }
    this.#tellAlone();
    return synced;
  }

  /** The Execute of what failed has failed with it; the others were never run. */
  #skipped(prepared: Prepared | undefined, portal: Portal | undefined, statement: OpenStatement): void {
    const failure = this.#failure;
    const same = failure.portal === undefined ? failure.prepared === prepared : failure.portal === portal;
    if (!this.#told && prepared !== undefined && same) {
      this.#told = true;
      statement.outcome = failure.error.outcome;
      statement.until = failure.at;
    } else addNote(statement, 'not-executed');
    this.#reports.report(statement);
  }

  /** A Parse, Bind or Describe that failed and that no Execute followed. */
  #tellAlone(): void {
    const { kind, prepared, portal, error, at } = this.#failure;
    if (kind === 'parse' && prepared !== undefined) {
      prepared.outcome = error.outcome;
      prepared.until = at;
      this.#session.prepared.undo(prepared);
    } else if (!this.#told && portal !== undefined && !portal.executed) {
      const statement = executeStatement(portal, portal.at);
      statement.outcome = error.outcome;
      statement.until = at;
      portal.prepared.accounted = true;
      this.#reports.report(statement);
    }
  }
}
