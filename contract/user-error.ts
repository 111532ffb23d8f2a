import type { Code } from './codes.ts';

/** Codes with which a command ends; the others are findings. */
export type UserErrorCode = Extract<Code, `DBA1${string}`>;

/** Shown as one line with the next step, exit code 1, no stack. Everything else that is thrown is a bug. */
export class UserError extends Error {
  override readonly name = 'UserError';
  readonly code: UserErrorCode;
  readonly nextStep: string;

  constructor(code: UserErrorCode, message: string, nextStep: string) {
    super(message);
    this.code = code;
    this.nextStep = nextStep;
  }
}
