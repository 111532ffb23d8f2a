import { type IncomingMessage, request as requestHttp } from 'node:http';
import { Agent, type RequestOptions, request as requestHttps } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection } from './kubeconfig.ts';
import { isDisruptionBudget, refusalError, unreachableError } from './status-error.ts';

/** A server that limits its load (priority and fairness) says when to come again. */
const MOST_TRIES = 5;
const LONGEST_RETRY_SECONDS = 10;

interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly body?: unknown;
  readonly contentType?: string;
  /** For the message where it fails: `list pods`. */
  readonly action: string;
  readonly signal?: AbortSignal;
  /** Idle time after which it is given up; absent: `--request-timeout`. */
  readonly timeoutMillis?: number;
}

/** Requests to the API server with the credentials of a connection. Everything that fails is a UserError. */
export interface Requests {
  /** The parsed answer; undefined where its status is one of `tolerated`. */
  json(request: ApiRequest, tolerated?: readonly number[]): Promise<unknown>;
  /** Only whether it worked, or which of `tolerated` came instead. */
  status(request: ApiRequest, tolerated: readonly number[]): Promise<number>;
  /** The answer as it comes, once the server has agreed to it. */
  stream(request: ApiRequest): Promise<IncomingMessage>;
}

/** Keeps connections open between requests. `trace` is told each request and its status. */
export function openRequests(
  { kubeConfig, server, context, throughProxy }: Connection,
  options: { readonly timeoutMillis: number; readonly trace?: (line: string) => void },
): Requests {
  const keepAlive = new Agent({ keepAlive: true });

  async function send(request: ApiRequest): Promise<IncomingMessage> {
    const url = new URL(server + request.path);
    for (const [name, value] of Object.entries(request.query ?? {})) {
      if (value !== undefined) url.searchParams.set(name, String(value));
    }
    const body = request.body === undefined ? undefined : JSON.stringify(request.body);
    const settings: RequestOptions = { method: request.method };
    await kubeConfig.applyToHTTPSOptions(settings);
    if (!throughProxy && url.protocol === 'https:') settings.agent = keepAlive;
    settings.headers = {
      ...settings.headers,
      Accept: 'application/json',
      'User-Agent': 'kubectl-dbaudit',
      ...(body === undefined
        ? {}
        : { 'Content-Type': request.contentType ?? 'application/json', 'Content-Length': Buffer.byteLength(body) }),
    };
    if (request.signal !== undefined) settings.signal = request.signal;
    return new Promise((resolve, reject) => {
      const start = url.protocol === 'https:' ? requestHttps : requestHttp;
      const sent = start(url, settings, (response) => {
        options.trace?.(`${request.method} ${url.pathname}${url.search} ${response.statusCode}`);
        resolve(response);
      });
      const timeoutMillis = request.timeoutMillis ?? options.timeoutMillis;
      sent.setTimeout(timeoutMillis, () => {
        sent.destroy(new Error(`no answer within ${timeoutMillis / 1_000} s (--request-timeout)`));
      });
      sent.once('error', reject);
      sent.end(body);
    });
  }

  /** The response where it is 2xx; otherwise the refusal's status where it is tolerated. */
  async function agreed(request: ApiRequest, tolerated: readonly number[]): Promise<IncomingMessage | number> {
    for (let attempt = 1; ; attempt += 1) {
      const response = await send(request);
      const statusCode = response.statusCode ?? 0;
      if (statusCode >= 200 && statusCode < 300) return response;
      const body = await text(response);
      const busy = statusCode === 429 && !isDisruptionBudget(body);
      if (!busy && tolerated.includes(statusCode)) return statusCode;
      if (!busy || attempt === MOST_TRIES) throw refusalError({ statusCode, body, action: request.action, context });
      const seconds = Math.min(Number(response.headers['retry-after']) || 1, LONGEST_RETRY_SECONDS);
      await sleep(seconds * 1_000, undefined, request.signal === undefined ? {} : { signal: request.signal });
    }
  }

  async function explained<Result>(request: ApiRequest, work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      throw request.signal?.aborted === true ? error : unreachableError(server, error);
    }
  }

  return {
    json: (request, tolerated = []) =>
      explained(request, async () => {
        const answer = await agreed(request, tolerated);
        return typeof answer === 'number' ? undefined : JSON.parse(await text(answer));
      }),
    status: (request, tolerated) =>
      explained(request, async () => {
        const answer = await agreed(request, tolerated);
        if (typeof answer === 'number') return answer;
        await text(answer);
        return answer.statusCode ?? 0;
      }),
    stream: (request) =>
      explained(request, async () => {
        const answer = await agreed(request, []);
        if (typeof answer === 'number') throw new Error(`HTTP ${answer}`);
        return answer;
      }),
  };
}

async function text(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}
