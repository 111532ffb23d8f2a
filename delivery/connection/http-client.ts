import type { Agent, ClientRequest, IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import type { Duplex } from 'node:stream';
import { TryAgain, WrongConfiguration } from '../sinks/failure.ts';
import type { TlsSettings } from '../sinks/sink-fields.ts';
import { codeOf, connectionFailure } from './connection-failure.ts';
import { authorization, type HttpCredentials } from './http-credentials.ts';
import { readTlsFiles } from './tls-files.ts';

/** Answers are short; whoever sends more is not what we were told, and shall not fill our memory. */
const MAX_RESPONSE_BYTES = 1_048_576;
/** What a log line takes of an answer. */
const MAX_WORDS = 300;
/** Characters. Secrets are taken out before the rest is cut, lest half of one is left; those are at most 64 KiB long. */
const MAX_WORDS_LOOKED_AT = 131_072;
/** One request at a time, and a second for what is asked beside it. */
const MAX_SOCKETS = 2;
/** Below the idle limits of load balancers and address translation, the shortest of which are a minute. */
const IDLE_MILLIS = 30_000;
/** The other side, or something on the way, ended the connection. */
const CLOSED: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE']);

export interface HttpClientOptions {
  /** Where all requests go: its scheme, host and port count. */
  readonly url: string;
  /** For https alone. */
  readonly tls?: TlsSettings | undefined;
  readonly credentials?: HttpCredentials;
  /** From the attempt to connect to the last byte of the answer. */
  readonly requestTimeoutMillis: number;
  /** Default: 1 MiB. */
  readonly maxResponseBytes?: number;
  /** Default: 2. */
  readonly maxSockets?: number;
}

export interface HttpRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE';
  /** With the query. */
  readonly path: string;
  /** Without `authorization`. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | string;
  readonly signal: AbortSignal;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/**
 * Requests to one host over node:http or node:https, which are loaded with the first request: they take 16 MiB. HTTP/1.1 with
 * few connections that are kept. Certificates are read anew with each connection, credentials with each request. Follows no
 * redirect and uses no proxy.
 */
export class HttpClient {
  /** `https://logs.example:8443`, for people. */
  readonly origin: string;
  readonly #url: URL;
  readonly #options: HttpClientOptions;
  #loaded: Promise<Loaded> | undefined;
  /** Of the last request. */
  #secrets: readonly string[] = [];

  constructor(options: HttpClientOptions) {
    this.#options = options;
    this.#url = new URL(options.url);
    this.origin = this.#url.origin;
  }

  /**
   * Any answer but a redirect; what its status means is the caller's business.
   * @throws TryAgain where there is no answer in time, WrongConfiguration where there cannot be one
   */
  async request(request: HttpRequest): Promise<HttpResponse> {
    this.#loaded ??= load(this.#url, this.#options);
    const { http, agent } = await this.#loaded;
    const credentials = await authorization(this.#options.credentials ?? {});
    this.#secrets = credentials?.secrets ?? [];
    const headers: OutgoingHttpHeaders = {
      ...request.headers,
      ...(credentials === undefined ? {} : { authorization: credentials.header }),
      // A length of its own for each body: some receivers do not take chunks.
      ...(request.body === undefined ? {} : { 'content-length': Buffer.byteLength(request.body) }),
    };
    const start = () => http.request(this.#url, { method: request.method, path: request.path, headers, agent });
    try {
      return this.#checked(await this.#exchange(start, request));
    } catch (error) {
      throw connectionFailure(error, this.origin);
    }
  }

  /** The beginning of what a receiver says as one line for people, without the credentials that some repeat. */
  harmless(said: Buffer | string): string {
    const text = said.toString().slice(0, MAX_WORDS_LOOKED_AT);
    const masked = this.#secrets.reduce((words, secret) => words.replaceAll(secret, '***'), text);
    return masked
      .replace(/[\s\p{C}]+/gu, ' ')
      .trim()
      .slice(0, MAX_WORDS);
  }

  /** Ends all connections, those in use too. */
  async close(): Promise<void> {
    const loaded = await this.#loaded;
    loaded?.agent.destroy();
  }

  /** A receiver may close an idle connection in the moment in which it is used again: that is no failure of the receiver's. */
  async #exchange(start: () => ClientRequest, request: HttpRequest): Promise<HttpResponse> {
    const first = start();
    try {
      return await this.#answerTo(first, request);
    } catch (error) {
      if (!first.reusedSocket || !CLOSED.has(codeOf(error)) || request.signal.aborted) throw error;
      return await this.#answerTo(start(), request);
    }
  }

  #answerTo(sent: ClientRequest, { body, signal }: HttpRequest): Promise<HttpResponse> {
    const { promise, resolve, reject } = Promise.withResolvers<HttpResponse>();
    const { requestTimeoutMillis, maxResponseBytes = MAX_RESPONSE_BYTES } = this.#options;
    // To destroy the request is to destroy its connection: a late answer must not be taken for that of the next request.
    const giveUp = (error: Error) => {
      reject(error);
      sent.destroy(error);
    };
    const late = setTimeout(() => giveUp(this.#timedOut(sent, requestTimeoutMillis)), requestTimeoutMillis);
    const aborted = () => giveUp(new TryAgain('DBA4007', `${this.origin}: given up before there was an answer`));
    if (signal.aborted) aborted();
    signal.addEventListener('abort', aborted);
    sent.on('error', reject);
    sent.on('response', (response) => {
      readBody(response, maxResponseBytes, this.origin).then((received) => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: received });
        // Refused before it was read: whoever does not read the rest would hold the connection for ever.
        if (!sent.writableFinished) sent.destroy();
      }, giveUp);
    });
    sent.end(body);
    return promise.finally(() => {
      clearTimeout(late);
      signal.removeEventListener('abort', aborted);
    });
  }

  #timedOut(sent: ClientRequest, afterMillis: number): TryAgain {
    return sent.socket === null || sent.socket.connecting
      ? new TryAgain('DBA4005', `${this.origin}: no connection in ${afterMillis} ms: packets may be dropped on the way`)
      : new TryAgain('DBA4007', `${this.origin}: no answer in ${afterMillis} ms`);
  }

  #checked(response: HttpResponse): HttpResponse {
    if (response.status < 300 || response.status >= 400) return response;
    const { location } = response.headers;
    throw new WrongConfiguration(
      'DBA4003',
      `${this.origin}: answers ${response.status}, a redirect${location === undefined ? '' : ` to ${this.#withoutQuery(location)}`}`,
      'use the address to which it leads: redirects are not followed',
    );
  }

  /** What leads to a login page may carry tokens. */
  #withoutQuery(location: string): string {
    const target = URL.parse(location, this.#url);
    return target === null ? 'no valid address' : `${target.origin}${target.pathname}`;
  }
}

interface Loaded {
  readonly http: Pick<typeof import('node:http'), 'request'>;
  readonly agent: Agent;
}

async function load(url: URL, { tls, maxSockets = MAX_SOCKETS }: HttpClientOptions): Promise<Loaded> {
  const settings = { keepAlive: true, maxSockets, maxFreeSockets: maxSockets, timeout: IDLE_MILLIS };
  if (url.protocol !== 'https:') {
    const http = await import('node:http');
    return { http, agent: new http.Agent(settings) };
  }
  const [http, { connect }, { Duplex }] = await Promise.all([
    import('node:https'),
    import('node:tls'),
    import('node:stream'),
  ]);
  const agent = new http.Agent(settings);
  const target = {
    // An IPv6 address is in brackets in a URL, nowhere else.
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port || 443),
    ALPNProtocols: ['http/1.1'],
  };
  // Node's own would read the certificates once, and resume sessions that were made with old ones.
  agent.createConnection = (_options: unknown, connected?: (error: Error | null, stream: Duplex) => void) => {
    readTlsFiles(tls ?? {})
      .then((files) => connected?.(null, connect({ ...target, ...files })))
      // The stream is not looked at where there is an error; only the type wants one.
      .catch((error: Error) => connected?.(error, new Duplex()));
    return undefined;
  };
  return { http, agent };
}

/** Whole, or rejects: half an answer is none. */
async function readBody(response: IncomingMessage, maxBytes: number, origin: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > maxBytes) {
      throw new WrongConfiguration(
        'DBA4006',
        `${origin}: answers ${response.statusCode} with more than ${maxBytes} bytes`,
        'check the address: this is not the receiver’s endpoint for events',
      );
    }
  }
  return Buffer.concat(chunks);
}

/** Undefined where the answer is not JSON. */
export function jsonOf({ body }: HttpResponse): unknown {
  try {
    return JSON.parse(body.toString());
  } catch {
    return undefined;
  }
}
