import type { Code } from '../../contract/codes.ts';

/** Codes of what is wrong with a receiver or with how it is configured. */
export type DeliveryCode = Extract<Code, `DBA4${string}`>;

/** The receiver did not take it now; the same batch may pass later. Every error that is none of these three counts as this. */
export class TryAgain extends Error {
  override readonly name = 'TryAgain';
  readonly code: DeliveryCode;
  /** What the receiver asked for (`Retry-After`). */
  readonly afterMillis: number | undefined;

  constructor(code: DeliveryCode, message: string, afterMillis?: number) {
    super(message);
    this.code = code;
    this.afterMillis = afterMillis;
  }
}

/** The receiver will never take this batch as it is: a line in it is too large or not to its mind, and it did not say which. */
export class PoisonBatch extends Error {
  override readonly name = 'PoisonBatch';
}

/** No batch will pass until somebody mends the configuration, here or at the receiver. It is tried again all the same, seldom. */
export class WrongConfiguration extends Error {
  override readonly name = 'WrongConfiguration';
  readonly code: DeliveryCode;
  readonly nextStep: string;

  constructor(code: DeliveryCode, message: string, nextStep: string) {
    super(message);
    this.code = code;
    this.nextStep = nextStep;
  }
}

/** There is no receiver any more and there will be none: nothing is ever written to this sink again. */
export class ReceiverGone extends Error {
  override readonly name: string = 'ReceiverGone';
}
