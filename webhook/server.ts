import { createServer, type Server } from 'node:https';
import express, { type ErrorRequestHandler, type Express, type Response } from 'express';
import type { KeyPair } from '../kubernetes/certificates/key-pairs.ts';
import { type CheckAccess, metricsEndpoint } from '../kubernetes/metrics-access.ts';
import type { AdmissionReviewResponse } from './admission-review.ts';
import type { InjectorMetrics } from './metrics.ts';

/** The API server takes objects of 3 MiB at most; an update holds two of them, and a creation one. */
const MAX_BODY_BYTES = 4 * 1_048_576;
/**
 * Longer than the 90 seconds after which an API server closes an idle connection: were we first, a request could meet
 * the closing and its pod would miss its agent, since Go does not repeat a POST.
 */
const KEEP_ALIVE_MILLIS = 120_000;
/** The API server has given up after 3 seconds. */
const REQUEST_MILLIS = 10_000;
/** What is under way when the listener closes may end. */
const LAST_ANSWERS_MILLIS = 3_000;
const MAX_CONNECTIONS = 1_000;

export interface ServerOptions {
  readonly address: string;
  /** 0: any that is free. */
  readonly port: number;
  readonly leaf: KeyPair;
  readonly checkAccess: CheckAccess;
  /** Never rejects. */
  review(body: Uint8Array): Promise<AdmissionReviewResponse>;
  /** The answer to a body that could not be read. */
  unreadable(problem: string): AdmissionReviewResponse;
  ready(): boolean;
  readonly metrics: Pick<InjectorMetrics, 'contentType' | 'text'>;
}

export interface WebhookServer {
  readonly port: number;
  /** Connections from now on are shown this certificate; those that are open stay. */
  show(leaf: KeyPair): void;
  /** Not ready any more; still answers, and asks for each connection to be left. */
  drain(): void;
  /** Ends when what is under way was answered, or after 3 seconds. */
  close(): Promise<void>;
}

/**
 * Serves `/inject`, the kubelet's `/healthz` and `/readyz`, and `/metrics` for those whom the API server allows it.
 * @throws Error where the address or the port is not to be had
 */
export async function startServer(options: ServerOptions): Promise<WebhookServer> {
  let draining = false;
  const application = routes(options, () => draining);
  const server = createServer({ ...secureContext(options.leaf), minVersion: 'TLSv1.2' }, application);
  server.keepAliveTimeout = KEEP_ALIVE_MILLIS;
  server.headersTimeout = REQUEST_MILLIS;
  server.requestTimeout = REQUEST_MILLIS;
  server.maxConnections = MAX_CONNECTIONS;
  // A broken handshake, or a caller that left, is no concern of other callers.
  server.on('tlsClientError', (_error, socket) => socket.destroy());
  const port = await listen(server, options);
  return {
    port,
    show: (leaf) => server.setSecureContext({ ...secureContext(leaf), minVersion: 'TLSv1.2' }),
    drain: () => {
      draining = true;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeIdleConnections();
        setTimeout(() => server.closeAllConnections(), LAST_ANSWERS_MILLIS).unref();
      }),
  };
}

function secureContext({ certificate, privateKey }: KeyPair): { readonly cert: string; readonly key: string } {
  return { cert: certificate, key: privateKey };
}

function routes(options: ServerOptions, draining: () => boolean): Express {
  const application = express();
  application.disable('x-powered-by');
  application.disable('etag');
  application.use((_request, response, next) => {
    if (draining()) response.set('Connection', 'close');
    next();
  });
  application.post(
    '/inject',
    express.raw({ type: () => true, limit: MAX_BODY_BYTES, inflate: false }),
    async (request, response) => {
      const body: unknown = request.body;
      response.json(await options.review(body instanceof Uint8Array ? body : new Uint8Array()));
    },
  );
  application.get('/healthz', (_request, response) => void text(response, 200, 'ok'));
  application.get('/readyz', (_request, response) => {
    if (draining()) text(response, 503, 'stopping');
    else if (options.ready()) text(response, 200, 'ok');
    else text(response, 503, 'not ready yet');
  });
  application.get('/metrics', metricsEndpoint(options.checkAccess, options.metrics));
  application.use((_request, response) => text(response, 404, 'there are /inject, /healthz, /readyz and /metrics'));
  application.use(onError(options));
  return application;
}

/** A pod's admission is answered whatever went wrong; express knows this handler by its four parameters. */
function onError(options: ServerOptions): ErrorRequestHandler {
  return (error, request, response, next) => {
    if (response.headersSent) next(error);
    else if (request.path === '/inject') response.json(options.unreadable(problemOf(error)));
    else text(response, 500, 'that failed');
  };
}

function problemOf(error: unknown): string {
  return error instanceof Error ? error.message : 'the body cannot be read';
}

function text(response: Response, status: number, line: string): void {
  response.status(status).type('text/plain').send(`${line}\n`);
}

function listen(server: Server, { address, port }: ServerOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, address, () => {
      const bound = server.address();
      resolve(typeof bound === 'object' && bound !== null ? bound.port : port);
    });
  });
}
