import type { Server, Socket } from 'node:net';
import { UserError } from '../contract/user-error.ts';
import { METRICS_CONTENT_TYPE, type Metric, metricsText } from './metrics.ts';

/*
 * Four pages for a scraper and a kubelet, over node:net: node:http alone would take 16 MiB of an idle agent's memory
 * (docs/adr/0003-metrics.md). One request a connection. https://www.rfc-editor.org/rfc/rfc9112
 */

/** A scraper sends a few hundred bytes. */
const MAX_HEADER_BYTES = 8_192;
/** A request has no body and comes from nearby; whoever is slower holds a connection for nothing. */
const REQUEST_TIMEOUT_MILLIS = 5_000;
/** Prometheus, the kubelet and a person or two. */
const MAX_CONNECTIONS = 32;
const END_OF_HEADERS = '\r\n\r\n';
const REASONS: Readonly<Record<number, string>> = {
  200: 'OK',
  400: 'Bad Request',
  404: 'Not Found',
  405: 'Method Not Allowed',
  431: 'Request Header Fields Too Large',
  503: 'Service Unavailable',
};

export interface HttpServerOptions {
  readonly address: string;
  /** 0: any that is free. */
  readonly port: number;
  readonly metrics: readonly Metric[];
  /** Whether packets are being captured, and every sink can be written to as it is configured. */
  ready(): boolean;
  /** For `/status`; written as JSON. */
  status(): object;
}

export interface HttpServer {
  /** `http://127.0.0.1:9465`. */
  readonly address: string;
  /** Ends open connections too. */
  close(): Promise<void>;
}

/**
 * Serves `/metrics`, `/status` (what is seen, as JSON), `/healthz` (this process answers) and `/readyz` (it captures, and no sink is misconfigured).
 * @throws UserError DBA1005 where the address or the port is not to be had
 */
export async function startHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const { createServer } = await import('node:net');
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    serve(socket, options);
  });
  server.maxConnections = MAX_CONNECTIONS;
  const port = await new Promise<number>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(explained(error, options)));
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
        for (const socket of sockets) socket.destroy();
      }),
  };
}

/** Reads one request's head and answers it; whatever follows is not looked at. */
function serve(socket: Socket, options: HttpServerOptions): void {
  let head = '';
  const late = setTimeout(() => socket.destroy(), REQUEST_TIMEOUT_MILLIS);
  socket.on('close', () => clearTimeout(late));
  socket.on('error', () => socket.destroy());
  socket.setEncoding('latin1');
  const onData = (text: string): void => {
    head += text;
    const complete = head.includes(END_OF_HEADERS);
    if (!complete && head.length <= MAX_HEADER_BYTES) return;
    socket.off('data', onData);
    socket.resume();
    if (head.length > MAX_HEADER_BYTES) respond(socket, 'GET', { status: 431, body: 'the request is too long\n' });
    else answer(socket, head.slice(0, head.indexOf('\r\n')), options);
  };
  socket.on('data', onData);
}

function answer(socket: Socket, requestLine: string, options: HttpServerOptions): void {
  const [method = '', target = '', version = ''] = requestLine.split(' ');
  if (!version.startsWith('HTTP/1.')) respond(socket, method, { status: 400, body: 'this is no HTTP/1 request\n' });
  else if (method !== 'GET' && method !== 'HEAD') respond(socket, method, { status: 405, body: 'only GET and HEAD\n' });
  else respond(socket, method, page(target.split('?', 1)[0] ?? '', options));
}

interface Page {
  readonly status: number;
  readonly body: string;
  readonly type?: string;
}

function page(path: string, { metrics, ready, status }: HttpServerOptions): Page {
  switch (path) {
    case '/metrics':
      return { status: 200, body: metricsText(metrics), type: METRICS_CONTENT_TYPE };
    case '/healthz':
      return { status: 200, body: 'ok\n' };
    case '/readyz':
      return ready()
        ? { status: 200, body: 'ok\n' }
        : { status: 503, body: 'not capturing, or a sink is misconfigured: see /status\n' };
    case '/status':
      return { status: 200, body: `${JSON.stringify(status())}\n`, type: 'application/json' };
    default:
      return { status: 404, body: 'there are /metrics, /status, /healthz and /readyz\n' };
  }
}

function respond(socket: Socket, method: string, { status, body, type = 'text/plain; charset=utf-8' }: Page): void {
  const head = [
    `HTTP/1.1 ${status} ${REASONS[status]}`,
    `Content-Type: ${type}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
    ...(status === 405 ? ['Allow: GET, HEAD'] : []),
  ];
  socket.end(`${head.join('\r\n')}${END_OF_HEADERS}${method === 'HEAD' ? '' : body}`, 'utf8');
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
