import type * as z from 'zod';
import { API_PATH, problemSchema } from '../../../contract/collector-api.ts';

/** Why there is no answer, in words for whoever asked. */
export class Problem extends Error {
  override readonly name = 'Problem';
  /** HTTP's; 0 where the collector did not answer. */
  readonly status: number;
  readonly code: string | undefined;
  readonly help: string | undefined;

  constructor(status: number, message: string, code?: string, help?: string) {
    super(message);
    this.status = status;
    this.code = code;
    this.help = help;
  }
}

/** Called when the collector does not know who asks: the session ended, or never began. */
type WhenUnknown = () => void;
let whenUnknown: WhenUnknown = () => undefined;
export function onUnknownUser(callback: WhenUnknown): void {
  whenUnknown = callback;
}

/** Asks and checks the answer. @throws Problem; an aborted signal rejects as `fetch` does */
export async function get<T>(path: string, answer: z.ZodType<T>, signal?: AbortSignal): Promise<T> {
  return answer.parse(await (await request('GET', path, undefined, signal)).json());
}

/** @throws Problem */
export async function post<T>(path: string, body: unknown, answer: z.ZodType<T>, signal?: AbortSignal): Promise<T> {
  return answer.parse(await (await request('POST', path, body, signal)).json());
}

/** For what has no answer but its status. @throws Problem */
export async function send(method: 'POST' | 'DELETE', path: string, body?: unknown): Promise<void> {
  await request(method, path, body);
}

/** The answer as it comes, for streams and files. @throws Problem */
export async function request(
  method: 'GET' | 'POST' | 'DELETE',
  path: string,
  body?: unknown,
  signal?: AbortSignal,
): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(API_PATH + path, {
      method,
      headers: { accept: 'application/json', ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
    });
  } catch (error) {
    if (signal?.aborted === true) throw error;
    throw new Problem(0, '');
  }
  if (response.ok) return response;
  if (response.status === 401 && path !== '/sign-in') whenUnknown();
  throw await problemOf(response);
}

async function problemOf(response: Response): Promise<Problem> {
  const parsed = problemSchema.safeParse(await response.json().catch(() => undefined));
  if (!parsed.success) return new Problem(response.status, `HTTP ${response.status} ${response.statusText}`.trim());
  const { code, message, help } = parsed.data;
  return new Problem(response.status, message, code, help);
}
