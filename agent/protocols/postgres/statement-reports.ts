import type { Nanos } from '../../timeline.ts';
import { UNSEEN } from '../activity.ts';
import type { ServerError } from './error-response.ts';
import { type OpenStatement, openStatement } from './open-statement.ts';
import type { PostgresSession } from './postgres-session.ts';
import { type AnswerEnd, QueryResults } from './query-results.ts';

const NO_ANSWER: AnswerEnd = { seen: false, error: undefined, errorAt: 0 };

/** Passes statements on, once it is certain that what is said of them is theirs. */
export class StatementReports {
  /** Requests of the client may be missing from this exchange: only if all of its answer fits is it trusted. */
  doubtful = false;
  readonly #session: PostgresSession;
  #held: OpenStatement[] = [];
  /** `report`, made once. */
  readonly #report = (statement: OpenStatement): void => this.report(statement);

  constructor(session: PostgresSession) {
    this.#session = session;
  }

  report(statement: OpenStatement): void {
    if (!this.doubtful) {
      this.#session.context.report(statement);
      return;
    }
    this.#held.push(statement);
    if (this.#held.length > this.#session.context.limits.pendingStatements) this.endExchange(false);
  }

  /** The exchange is over, and its statements' outcomes are their own, or they may not be. */
  endExchange(trusted: boolean): void {
    this.doubtful = false;
    if (this.#held.length === 0) return;
    const held = this.#held;
    this.#held = [];
    for (const statement of held) {
      if (!trusted) forgetAnswer(statement);
      this.#session.context.report(statement);
    }
  }

  /** Reports each statement of a Query, or the one of another request, with what came of it. */
  settle(results: QueryResults, statement: OpenStatement, end: AnswerEnd): void {
    results.settle(statement, end, this.#session.standardStrings, this.#report);
  }

  /** No answer to it will be seen, so there is nothing to wait for. */
  unanswered(statement: OpenStatement): void {
    const { standardStrings, context } = this.#session;
    new QueryResults().settle(statement, NO_ANSWER, standardStrings, (each) => context.report(each));
  }

  /** More is pending than can be remembered: the answers to it will not be told apart. */
  limitReached(at: Nanos): void {
    this.#session.context.report({
      kind: 'blind',
      at,
      reason: 'limit-reached',
      from: 'server',
      bytes: undefined,
      forGood: false,
      detail: 'too many requests without an answer',
    });
  }

  /** Sync ends the implicit transaction of what was executed before it. */
  commitFailed(error: ServerError, at: Nanos): void {
    const statement = openStatement(at, 'db.command', 'command');
    statement.language = 'none';
    statement.operation = 'COMMIT';
    statement.notes = ['implicit-commit'];
    statement.outcome = error.outcome;
    statement.until = at;
    this.report(statement);
  }
}

function forgetAnswer(statement: OpenStatement): void {
  statement.outcome = UNSEEN;
  statement.until = undefined;
  statement.returnedRows = undefined;
  statement.affectedRows = undefined;
  statement.responseBytes = 0;
}
