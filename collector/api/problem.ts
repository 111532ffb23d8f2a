import type { Response } from 'express';
import * as z from 'zod';
import { CODES, type Code } from '../../contract/codes.ts';
import type { problemSchema } from '../../contract/collector-api.ts';
import { TooManyQuestions } from '../../kubernetes/remembered-answers.ts';
import { NotRecorded } from '../access/record.ts';
import { QueryProblem, QueryTooLarge, StoreBusy } from '../store/failure.ts';

type ProblemCode = Extract<Code, `DBA5${string}`>;

const MILLIS_PER_SECOND = 1_000;
const MAX_MESSAGE_LENGTH = 2_000;

/** What is answered instead of what was asked for. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly status: number;
  readonly code: ProblemCode;
  /** Nobody who asked did anything wrong; it belongs into the log. */
  readonly isBug: boolean;
  readonly #afterSeconds: number | undefined;

  constructor(
    status: number,
    code: ProblemCode,
    message: string,
    { afterSeconds, isBug = false }: { readonly afterSeconds?: number; readonly isBug?: boolean } = {},
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.isBug = isBug;
    this.#afterSeconds = afterSeconds;
  }

  /** Whatever was thrown, as an answer; what nobody foresaw shows nothing of itself. */
  static of(error: unknown): Problem {
    if (error instanceof Problem) return error;
    if (error instanceof StoreBusy) {
      const afterSeconds = Math.max(1, Math.ceil(error.afterMillis / MILLIS_PER_SECOND));
      return new Problem(429, 'DBA5006', error.message, { afterSeconds });
    }
    if (error instanceof QueryProblem) return new Problem(400, 'DBA5008', error.message);
    if (error instanceof QueryTooLarge) return new Problem(422, 'DBA5007', error.message);
    if (error instanceof TooManyQuestions) return new Problem(503, 'DBA5011', error.message, { afterSeconds: 1 });
    if (error instanceof NotRecorded) return new Problem(503, 'DBA5012', error.message, { afterSeconds: 1 });
    if (error instanceof z.ZodError) return new Problem(400, 'DBA5003', wordsOfSchema(error));
    return new Problem(500, 'DBA5013', 'that failed', { isBug: true });
  }

  /** Nothing where an answer has begun already. */
  answer(response: Response): void {
    if (response.headersSent) {
      response.destroy();
      return;
    }
    if (this.#afterSeconds !== undefined) response.set('Retry-After', String(this.#afterSeconds));
    if (this.status === 401) response.set('WWW-Authenticate', 'Bearer');
    const body: z.infer<typeof problemSchema> = {
      code: this.code,
      message: this.message.slice(0, MAX_MESSAGE_LENGTH),
      help: CODES[this.code].help,
    };
    response.status(this.status).json(body);
  }
}

function wordsOfSchema({ issues }: z.ZodError): string {
  return issues.map(({ path, message }) => (path.length === 0 ? message : `${path.join('.')}: ${message}`)).join('; ');
}

/** What the API server says, where it is asked; that it is away is no bug of ours. @throws Problem */
export async function apiServersWord<Word>(ask: () => Promise<Word>): Promise<Word> {
  try {
    return await ask();
  } catch (error) {
    const problem = Problem.of(error);
    throw problem.isBug ? new Problem(503, 'DBA5011', 'the API server does not answer', { afterSeconds: 5 }) : problem;
  }
}
