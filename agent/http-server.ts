import type { IncomingMessage, ServerResponse } from 'node:http';
import { UserError } from '../contract/user-error.ts';
import { METRICS_CONTENT_TYPE, type Metric, metricsText } from './metrics.ts';

/** A scraper sends a few hundred bytes. */
const MAX_HEADER_BYTES = 8_192;
/** A request has no body and comes from nearby; whoever is slower holds a connection for nothing. */
const REQUEST_TIMEOUT_MILLIS = 5_000;
/** Prometheus, the kubelet and a person or two. */
const MAX_CONNECTIONS = 32;

export interface HttpServerOptions {
  readonly address: string;
  /** 0: any that is free. */
  readonly port: number;
  readonly metrics: readonly Metric[];
  /** Whether packets are being captured. */
  ready(): boolean;
}

export interface HttpServer {
  /** `http://127.0.0.1:9465`. */
  readonly address: string;
  /** Ends open connections too. */
  close(): Promise<void>;
}

/**
 * Serves `/metrics`, `/healthz` (this process answers) and `/readyz` (it captures, too).
 * @throws UserError DBA1005 where the address or the port is not to be had
 */
export async function startHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const { createServer } = await import('node:http');
  const server = createServer(
    {
      maxHeaderSize: MAX_HEADER_BYTES,
      requestTimeout: REQUEST_TIMEOUT_MILLIS,
      headersTimeout: REQUEST_TIMEOUT_MILLIS,
      keepAliveTimeout: REQUEST_TIMEOUT_MILLIS,
    },
    (request, response) => answer(request, response, options),
  );
  server.maxConnections = MAX_CONNECTIONS;
  const port = await new Promise<number>((resolve, reject) => {
    // Stays: an accept that fails later, for want of descriptors, is no reason to end.
    server.on('error', (error: NodeJS.ErrnoException) => reject(explained(error, options)));
    server.listen(options.port, options.address, () => {
      const bound = server.address();
      resolve(typeof bound === 'object' && bound !== null ? bound.port : options.port);
    });
  });
  const host = options.address.includes(':') ? `[${options.address}]` : options.address;
  return {
    address: `http://${host}:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function answer(request: IncomingMessage, response: ServerResponse, options: HttpServerOptions): void {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('Allow', 'GET, HEAD');
    respond(response, 405, 'only GET and HEAD\n');
    return;
  }
  switch (request.url?.split('?', 1)[0]) {
    case '/metrics':
      respond(response, 200, metricsText(options.metrics), METRICS_CONTENT_TYPE);
      return;
    case '/healthz':
      respond(response, 200, 'ok\n');
      return;
    case '/readyz':
      if (options.ready()) respond(response, 200, 'ok\n');
      else respond(response, 503, 'not capturing yet\n');
      return;
    default:
      respond(response, 404, 'there are /metrics, /healthz and /readyz\n');
  }
}

/** Node leaves the body out where the request was HEAD. */
function respond(response: ServerResponse, status: number, body: string, type = 'text/plain; charset=utf-8'): void {
  response.writeHead(status, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(body) });
  response.end(body);
}

function explained(error: NodeJS.ErrnoException, { address, port }: HttpServerOptions): Error {
  const where = `${address}:${port}`;
  switch (error.code) {
    case 'EADDRINUSE':
      return new UserError(
        'DBA1005',
        `cannot listen on ${where}: the port is taken`,
        'set http.port to another, or to 0',
      );
    case 'EACCES':
      return new UserError('DBA1005', `may not listen on ${where}`, 'set http.port to 1024 or above');
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new UserError(
        'DBA1005',
        `cannot listen on ${where}: no such address here`,
        'set http.address to 127.0.0.1',
      );
    default:
      return error;
  }
}
