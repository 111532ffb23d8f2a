import { CODES, type Code } from '../../contract/codes.ts';
import { UserError } from '../../contract/user-error.ts';
import type { CheckResult } from '../output/schemas/check.ts';

/** What a check came to; a finding has a code, and with it a hint. */
type Finding =
  | { readonly result: 'success'; readonly description?: string; readonly details?: readonly string[] }
  | { readonly result: 'skipped'; readonly details: readonly string[] }
  | {
      readonly result: 'warning' | 'error';
      readonly code: Code;
      readonly details: readonly string[];
      /** Instead of the code's own help. */
      readonly hint?: string;
    };

/** One thing to look at. */
export interface Check {
  /** What is so where all is well; a success may say it more exactly. */
  readonly description: string;
  /** Where it ends with an error, the checks after it in its category would tell nothing more. */
  readonly essential?: true;
  run(): Promise<Finding>;
}

/** Where the caller may not look, that is told and not counted against the cluster. */
export async function runCheck({ description, run }: Check): Promise<CheckResult> {
  const finding = await run().catch((error: unknown): Finding => {
    if (!(error instanceof UserError)) throw error;
    if (error.code === 'DBA1102') return { result: 'skipped', details: [error.message] };
    return { result: 'error', code: error.code, details: [error.message], hint: error.nextStep };
  });
  switch (finding.result) {
    case 'success':
      return {
        description: finding.description ?? description,
        result: 'success',
        details: [...(finding.details ?? [])],
      };
    case 'skipped':
      return { description, result: 'skipped', details: [...finding.details] };
    default: {
      const { result, code, details, hint = CODES[code].help } = finding;
      return { description, result, code, details: [...details], hint };
    }
  }
}
