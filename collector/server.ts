import { createServer as createPlainServer, type Server } from 'node:http';
import { createServer, type Server as SecureServer } from 'node:https';
import express, { type ErrorRequestHandler, type Express, type RequestHandler, type Router } from 'express';
import { API_PATH, INGEST_PATH } from '../contract/collector-api.ts';
import type { KeyPair } from '../kubernetes/certificates/key-pairs.ts';
import { type CheckAccess, metricsEndpoint } from '../kubernetes/metrics-access.ts';
import { Problem } from './api/problem.ts';
import { securityHeaders } from './api/web-page.ts';
import type { CollectorMetrics } from './metrics.ts';

/** An agent sends every second or so: longer than its pause, shorter than forwards that forget idle connections. */
const KEEP_ALIVE_MILLIS = 75_000;
const HEADERS_MILLIS = 10_000;
/** For a whole request; 16 MiB over a slow link take that. Answers may go on for hours. */
const REQUEST_MILLIS = 60_000;
/** One for each agent and reader; each idle one is some 50 KB. */
const MAX_CONNECTIONS = 5_000;
/** Tokens of people in many groups are long, and so are cookies of a domain that others use too. */
const MAX_HEADER_BYTES = 32_768;
/** What is under way when the listener closes may end. */
const LAST_ANSWERS_MILLIS = 5_000;
const MILLIS_PER_SECOND = 1_000;
const LOOPBACK: ReadonlySet<string> = new Set(['127.0.0.1', '::1', 'localhost']);

export interface CollectorServerOptions {
  readonly address: string;
  /** 0: any that is free. */
  readonly port: number;
  /** Absent: in the clear, on this machine alone. */
  readonly leaf?: KeyPair | undefined;
  /** The cluster's client CA as PEM; absent: nobody is known by a certificate. */
  readonly clientAuthority?: string;
  readonly ingest: RequestHandler;
  /** Of `collectorApi`. */
  readonly api: Router;
  readonly page?: Router;
  readonly checkMetricsAccess: CheckAccess;
  readonly metrics: CollectorMetrics;
  ready(): boolean;
  /** A bug, or an error of the connection. */
  onError(error: unknown): void;
}

export interface CollectorServer {
  readonly port: number;
  /** Connections from now on are shown this certificate; those that are open stay. */
  show(leaf: KeyPair): void;
  /** Certificates of this authority are believed from now on. */
  trust(clientAuthority: string): void;
  /** Not ready any more; still answers, and asks for each connection to be left. */
  drain(): void;
  /** Ends when what is under way was answered, or after 5 seconds; live streams are broken off. */
  close(): Promise<void>;
}

/** @throws Error where the address or the port is not to be had */
export async function startCollectorServer(options: CollectorServerOptions): Promise<CollectorServer> {
  let { leaf, clientAuthority } = options;
  let draining = false;
  const secureContext = (shown: KeyPair) => ({
    cert: shown.certificate,
    key: shown.privateKey,
    minVersion: 'TLSv1.2' as const,
    ...(clientAuthority === undefined ? {} : { ca: clientAuthority }),
  });
  const handler = application(options, () => draining);
  const limits = { maxHeaderSize: MAX_HEADER_BYTES };
  let secure: SecureServer | undefined;
  if (leaf !== undefined) {
    // Who has no certificate, or one of somebody else, may still have a token.
    secure = createServer({ ...secureContext(leaf), ...limits, requestCert: true, rejectUnauthorized: false }, handler);
    // A broken handshake, or a caller that left, is no concern of other callers.
    secure.on('tlsClientError', (_error, socket) => socket.destroy());
  } else if (!LOOPBACK.has(options.address))
    throw new Error(`without a certificate it listens on ${[...LOOPBACK].join(' or ')} alone`);
  const server = secure ?? createPlainServer(limits, handler);
  server.keepAliveTimeout = KEEP_ALIVE_MILLIS;
  server.headersTimeout = HEADERS_MILLIS;
  server.requestTimeout = REQUEST_MILLIS;
  server.maxConnections = MAX_CONNECTIONS;
  const port = await listen(server, options);
  return {
    port,
    show: (next) => {
      leaf = next;
      secure?.setSecureContext(secureContext(next));
    },
    trust: (next) => {
      clientAuthority = next;
      if (leaf !== undefined) secure?.setSecureContext(secureContext(leaf));
    },
    drain: () => {
      draining = true;
    },
    close: () =>
      new Promise((resolve) => {
        draining = true;
        const last = setTimeout(() => server.closeAllConnections(), LAST_ANSWERS_MILLIS);
        server.close(() => {
          clearTimeout(last);
          resolve();
        });
        server.closeIdleConnections();
      }),
  };
}

function application(options: CollectorServerOptions, draining: () => boolean): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.use((_request, response, next) => {
    if (draining()) response.set('Connection', 'close');
    next();
  });
  app.get('/healthz', (_request, response) => void response.type('text/plain').send('ok\n'));
  app.get('/readyz', (_request, response) => {
    const isReady = options.ready() && !draining();
    const word = isReady ? 'ok' : draining() ? 'stopping' : 'not ready yet';
    response
      .status(isReady ? 200 : 503)
      .type('text/plain')
      .send(`${word}\n`);
  });
  app.get('/metrics', metricsEndpoint(options.checkMetricsAccess, options.metrics));
  app.use(measured(options.metrics), securityHeaders);
  app.post(INGEST_PATH, options.ingest);
  app.use(API_PATH, options.api);
  if (options.page !== undefined) app.use(options.page);
  app.use((request, _response, next) => {
    next(new Problem(404, 'DBA5004', `there is no ${request.method} ${request.path}`));
  });
  app.use(onError(options));
  return app;
}

/** Streams are left out of the durations: they last as long as somebody reads. */
function measured(metrics: CollectorMetrics): RequestHandler {
  return (request, response, next) => {
    const route = routeOf(request.path);
    const began = performance.now();
    response.once('close', () => {
      const isLive = route === 'tail' || route === 'export';
      const seconds = (performance.now() - began) / MILLIS_PER_SECOND;
      metrics.answered(route, response.statusCode, isLive ? undefined : seconds);
    });
    next();
  };
}

/** The first word of a path of the API, where it is one of ours: labels shall be few, whatever is asked for. */
function routeOf(path: string): string {
  if (path === INGEST_PATH) return 'ingest';
  const [, word = ''] = path.startsWith(`${API_PATH}/`) ? path.slice(API_PATH.length).split('/') : [];
  return ROUTES.has(word) ? word : 'other';
}

const ROUTES: ReadonlySet<string> = new Set([
  ...['whoami', 'status', 'actions', 'search', 'histogram', 'top', 'totals', 'query', 'tail', 'export'],
  ...['alerts', 'silences', 'rules', 'reports', 'verify', 'sign-in'],
]);

/** express knows this handler by its four parameters. */
function onError({ onError: tell }: CollectorServerOptions): ErrorRequestHandler {
  return (error, _request, response, _next) => {
    const problem = Problem.of(error);
    if (problem.isBug) tell(error);
    problem.answer(response);
  };
}

function listen(server: Server | SecureServer, { address, port }: CollectorServerOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, address, () => {
      const bound = server.address();
      resolve(typeof bound === 'object' && bound !== null ? bound.port : port);
    });
  });
}
