import type { IncomingMessage } from 'node:http';
import { type Agent, request } from 'node:https';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import * as z from 'zod';
import { CODES } from '../../contract/codes.ts';
import { API_PATH, problemSchema } from '../../contract/collector-api.ts';
import { UserError, type UserErrorCode } from '../../contract/user-error.ts';
import type { Credentials } from '../kubernetes/cluster.ts';
import type { Collector, PlainRequest, Question } from './collector.ts';

/** What may take long: a query, a check of all that is kept, a report. */
const SLOW_MILLIS = 600_000;

/** Where the collector is. */
export interface Endpoint {
  readonly place: string;
  readonly host: string;
  readonly port: number;
  /** Before every path, without a slash at its end. */
  readonly prefix: string;
  readonly agent: Agent;
}

interface Settings {
  /** Asked before each request: tokens are renewed. */
  credentials(): Promise<Credentials>;
  /** Silence after which a request is given up; 0: never. */
  readonly timeoutMillis: number;
}

/** The API client of a collector that is known. */
export function openCollector(endpoint: Endpoint, { credentials, timeoutMillis }: Settings): Collector {
  const { place, host, port, prefix, agent } = endpoint;

  async function send(plain: PlainRequest, silenceMillis: number): Promise<IncomingMessage> {
    const { authorization, cert, key } = await credentials();
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const sent = request(
      {
        host,
        port,
        servername: host,
        agent,
        method: plain.method,
        path: `${prefix}${plain.path}`,
        headers: {
          ...definedHeaders(plain.headers),
          Host: host,
          'User-Agent': 'kubectl-dbaudit',
          ...(authorization === undefined ? {} : { Authorization: authorization }),
        },
        ...(cert === undefined ? {} : { cert }),
        ...(key === undefined ? {} : { key }),
        ...(plain.signal === undefined ? {} : { signal: plain.signal }),
      },
      resolve,
    );
    if (silenceMillis > 0) {
      sent.setTimeout(silenceMillis, () =>
        sent.destroy(new Error(`no answer within ${silenceMillis / 1_000} s (--request-timeout)`)),
      );
    }
    sent.once('error', reject);
    if (plain.body === undefined) sent.end();
    else pipeline(plain.body, sent).catch(reject);
    return promise;
  }

  async function agreed(question: Question, silenceMillis: number): Promise<IncomingMessage> {
    const { method = 'POST', path, body, signal } = question;
    const json = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
    try {
      const answer = await send(
        {
          method,
          path: `${API_PATH}${path}`,
          headers:
            json === undefined ? {} : { 'Content-Type': 'application/json', 'Content-Length': String(json.length) },
          ...(json === undefined ? {} : { body: Readable.from([json]) }),
          ...(signal === undefined ? {} : { signal }),
        },
        silenceMillis,
      );
      const status = answer.statusCode ?? 0;
      if (status >= 200 && status < 300) return answer;
      throw refusal(status, await text(answer), place);
    } catch (error) {
      if (signal?.aborted === true || error instanceof UserError) throw error;
      throw unreachable(place, error);
    }
  }

  return {
    place,
    ask: async (question, schema) => {
      const answer = await agreed(question, question.slow === true ? SLOW_MILLIS : timeoutMillis);
      const parsed = schema.safeParse(parseJson(await text(answer)));
      if (parsed.success) return parsed.data;
      throw new UserError(
        'DBA1110',
        `the collector answers ${question.path} in a way that is not understood: ${z.prettifyError(parsed.error)}`,
        'Plugin and collector should be of one version: `kubectl dbaudit version`, `kubectl dbaudit upgrade`.',
      );
    },
    stream: (question) => agreed(question, 0),
    pass: (plain) => send(plain, 0),
    close: () => agent.destroy(),
  };
}

function refusal(status: number, body: string, place: string): UserError {
  const problem = problemSchema.safeParse(parseJson(body)).data;
  if (status === 401) {
    return new UserError(
      'DBA1110',
      `${place} does not know who is asking: ${problem?.message ?? 'the credentials of the kubeconfig are not accepted'}`,
      problem?.help ??
        'It takes bearer tokens and client certificates of the cluster; `kubectl auth whoami` shows yours.',
    );
  }
  if (problem === undefined) {
    return new UserError('DBA1110', `${place} answers with HTTP status ${status}`, 'See its log.');
  }
  const code = commandCode(problem.code) ?? (status === 403 ? 'DBA1102' : 'DBA1110');
  return new UserError(code, problem.message, problem.help ?? CODES[code].help);
}

function commandCode(code: string): UserErrorCode | undefined {
  return userCodes.find((known) => known === code);
}

const userCodes = Object.keys(CODES).filter((code): code is UserErrorCode => code.startsWith('DBA1'));

function unreachable(place: string, error: unknown): UserError {
  // An error of Node's own, seen from another realm, is no Error here.
  const reason =
    typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : String(error);
  return new UserError(
    'DBA1109',
    `the collector (${place}) cannot be reached: ${reason}`,
    '`kubectl dbaudit status` shows how it fares.',
  );
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

function definedHeaders(headers: PlainRequest['headers']): Record<string, string | string[]> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, typeof value === 'string' ? value : [...value]]],
    ),
  );
}
