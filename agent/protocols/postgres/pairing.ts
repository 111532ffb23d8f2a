import type { Nanos } from '../../timeline.ts';
import type { OpenStatement } from './open-statement.ts';
import { PendingRequests, type RequestKind } from './pending-requests.ts';
import type { PostgresSession } from './postgres-session.ts';
import type { Portal, Prepared } from './prepared-statements.ts';
import { ServerScan } from './resynchronization.ts';
import type { StatementReports } from './statement-reports.ts';

/**
 * When a client that pipelines has been silent so long, and the server too, nothing is on its way any more. Longer
 * than a statement takes that anybody pipelines others behind.
 */
const QUIET_NANOS = 10_000_000_000;

/**
 * Knows which request the server's next answer belongs to, and when that cannot be known.
 *
 * Answers come in the order of the requests, each exchange ended by one ReadyForQuery. After a loss it is uncertain
 * how many of those that were awaited have gone by. Whatever was under way is then reported unseen, and pairing begins
 * anew as soon as it is certain that nothing older is awaited:
 *  - every ReadyForQuery that can have been awaited has been seen, or
 *  - the client asks again, where it has never asked before it was answered, or
 *  - both sides have been quiet for long.
 */
export class Pairing {
  readonly pending = new PendingRequests();
  /** The first pending request is the one that is answered next. */
  following: boolean;
  /** It is known where the server's messages begin. */
  aligned: boolean;
  /** Looks for that place while it is not. */
  readonly serverScan = new ServerScan();
  /** Rows come from the client: Sync has no answer meanwhile. */
  copyingIn = false;
  readonly #mostOpenStatements: number;
  readonly #reports: StatementReports;
  /** Reports all pending requests as far as their answers were seen, and empties the queue. */
  readonly #abandon: () => void;
  /** How many ReadyForQuery may still come for requests that are pending no more; at most. */
  #owed: number;
  #pipelines = false;
  /** Pairing began anew because the client asked, and nothing has confirmed it yet. */
  #assumed = false;
  #askedAt: Nanos = 0;
  #lastHeardAt: Nanos = 0;

  constructor(session: PostgresSession, reports: StatementReports, abandon: () => void) {
    const { capturedFromStart, limits } = session.context;
    this.#mostOpenStatements = limits.pendingStatements;
    this.#reports = reports;
    this.#abandon = abandon;
    this.following = capturedFromStart;
    this.aligned = capturedFromStart;
    this.#owed = capturedFromStart ? 0 : Number.POSITIVE_INFINITY;
  }

  /** The request that comes now may not be the first of its exchange: those before it were not seen. */
  doubt(): void {
    if (this.following || !this.#pipelines) this.#reports.doubtful = true;
  }

  /** The client begins to ask for something, which takes part in the order of answers. */
  request(at: Nanos): void {
    this.#askedAt = at;
    if (this.following && this.pending.syncPoints > 0) {
      this.#pipelines = true;
      if (this.#assumed) this.lose(Number.POSITIVE_INFINITY);
    }
    if (!this.following && !this.#pipelines) {
      this.following = true;
      this.#assumed = true;
      this.#owed = 0;
    }
    if (this.following && !this.aligned) this.serverScan.expectAnswer();
  }

  /** Puts a request behind the others; where pairing is uncertain its statement is reported at once. */
  add(
    kind: RequestKind,
    prepared: Prepared | undefined,
    portal: Portal | undefined,
    statement: OpenStatement | undefined,
    keptBytes = 0,
  ): void {
    if (kind === 'sync' && this.copyingIn) return;
    if (!this.following) {
      if (kind === 'sync' || kind === 'query' || kind === 'function') this.#owed += 1;
      if (statement !== undefined) this.#reports.unanswered(statement);
      return;
    }
    const { pending } = this;
    pending.add(kind, prepared, portal, statement, keptBytes);
    if (pending.openStatements > this.#mostOpenStatements) {
      const oldest = pending.takeOldestStatement();
      if (oldest !== undefined) this.#reports.unanswered(oldest);
    }
    if (!pending.full) return;
    this.#reports.limitReached(this.#askedAt);
    this.lose(Number.POSITIVE_INFINITY);
  }

  /** The first request is answered. */
  answered(): void {
    this.pending.drop();
    if (this.pending.first.kind === 'lost') this.lose(Number.POSITIVE_INFINITY);
  }

  /** A ReadyForQuery was seen that was not for the first pending request, because pairing is uncertain. */
  readyWhileLost(): void {
    this.#owed -= 1;
    if (this.#owed > 0) return;
    this.#owed = 0;
    this.following = true;
    this.#assumed = false;
  }

  /** A ReadyForQuery fitted what was asked. */
  confirmed(): void {
    this.#assumed = false;
  }

  /** Bytes of the server were lost, and with them where its messages begin. */
  serverLost(): void {
    this.lose(this.following ? this.pending.syncPoints : this.#owed);
    this.aligned = false;
  }

  /** Bytes of the client were lost: answers to requests not seen will come after those pending. */
  clientLost(): void {
    if (this.following && this.pending.length > 0) this.pending.add('lost', undefined, undefined, undefined, 0);
    else this.lose(Number.POSITIVE_INFINITY);
  }

  /** The server's message does not answer the first request; `owed` ReadyForQuery may still come for those pending. */
  lose(owed: number): void {
    this.#abandon();
    this.copyingIn = false;
    this.#owed = owed;
    this.following = owed === 0;
    this.#assumed = false;
  }

  heard(at: Nanos): void {
    this.#lastHeardAt = at;
  }

  tick(at: Nanos): void {
    if (this.following || !this.#pipelines || at - this.#lastHeardAt < QUIET_NANOS) return;
    this.#owed = 0;
    this.following = true;
  }
}
