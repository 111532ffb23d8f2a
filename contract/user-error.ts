/** What went wrong for reasons a user can mend; each code is explained in docs/errors.md. */
export type UserErrorCode =
  | 'DBA1001' // configuration is not valid
  | 'DBA1002' // a file cannot be read
  | 'DBA1003' // the right to capture is missing
  | 'DBA1004' // the command line is not valid
  | 'DBA1005' // an address or port cannot be listened on
  | 'DBA1006'; // the capture device or the source of packets cannot be used

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
