/** The store has as much to do as it can bear; whoever asked tries again. */
export class StoreBusy extends Error {
  override readonly name = 'StoreBusy';
  readonly afterMillis: number;

  constructor(message: string, afterMillis = 1_000) {
    super(message);
    this.afterMillis = afterMillis;
  }
}

/** A question that cannot be answered as it was put; the message is for whoever put it. */
export class QueryProblem extends Error {
  override readonly name = 'QueryProblem';
}

/** It would take more time or memory than one question may. */
export class QueryTooLarge extends Error {
  override readonly name = 'QueryTooLarge';
}

/** A store that cannot be opened; the message says why and what to do. */
export class StoreProblem extends Error {
  override readonly name = 'StoreProblem';
}
