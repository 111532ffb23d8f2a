import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream/promises';
import type { Collector } from '../collector.ts';
import { PageKey } from './page-key.ts';

const LOOPBACK = '127.0.0.1';
const KEY_PARAMETER = 'key';

/** Of one connection, or of whoever is behind it: neither passes through. https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1 */
const NOT_PASSED_ON: ReadonlySet<string> = new Set([
  ...[
    'connection',
    'keep-alive',
    'proxy-authenticate',
    'proxy-authorization',
    'te',
    'trailer',
    'transfer-encoding',
    'upgrade',
  ],
  ...['host', 'cookie', 'authorization', 'origin', 'referer'],
]);
/** Likewise of answers; HTTPS for ever would be for all that is ever served at 127.0.0.1. */
const NOT_GIVEN_BACK: ReadonlySet<string> = new Set([...NOT_PASSED_ON, 'set-cookie', 'strict-transport-security']);

/** Sent from the page that sets the cookie, `/` is asked for by our own origin, and the cookie goes with it. */
const ENTRANCE =
  '<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="0;url=/"><title>dbaudit</title>\n';

export interface LoopbackProxy {
  /** With the secret that works once. */
  readonly address: string;
  close(): void;
}

/**
 * Serves the collector's page on 127.0.0.1 with the caller's credentials, to the one browser that has the first address. A
 * page of another site cannot use it: its requests lack the cookie, and a name of its own that leads here has the wrong Host.
 */
export async function startLoopbackProxy(collector: Collector, port: number): Promise<LoopbackProxy> {
  const server = createServer();
  server.listen(port, LOOPBACK);
  await once(server, 'listening');
  const bound = portOf(server.address());
  const hosts: readonly (string | undefined)[] = [`${LOOPBACK}:${bound}`, `localhost:${bound}`];
  const key = new PageKey(bound);

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { host, origin, cookie } = request.headers;
    if (!hosts.includes(host)) return refuse(response, 421, 'this address is not served here');
    if (origin !== undefined && origin !== `http://${host}`)
      return refuse(response, 403, 'the page of another site asks');
    const url = new URL(request.url ?? '/', `http://${host}`);
    const secret = url.searchParams.get(KEY_PARAMETER);
    if (url.pathname === '/' && secret !== null) return enter(response, secret, cookie);
    if (!key.admits(cookie)) {
      return refuse(
        response,
        401,
        'open the address that `kubectl dbaudit ui` printed; it works once, for one browser',
      );
    }
    await passOn(request, response);
  }

  function enter(response: ServerResponse, secret: string, cookies: string | undefined): void {
    const cookie = key.redeem(secret);
    if (cookie === undefined && !key.admits(cookies)) {
      refuse(response, 401, 'this address was used already; start `kubectl dbaudit ui` again');
      return;
    }
    response.writeHead(200, {
      'Content-Type': 'text/html; charset=utf-8',
      'Cache-Control': 'no-store',
      'Referrer-Policy': 'no-referrer',
      ...(cookie === undefined ? {} : { 'Set-Cookie': cookie }),
    });
    response.end(ENTRANCE);
  }

  async function passOn(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const { method = 'GET', url: path = '/', headers } = request;
    const hasBody = method !== 'GET' && method !== 'HEAD';
    const reply = await collector.pass({
      method,
      path,
      headers: kept(headers, NOT_PASSED_ON),
      ...(hasBody ? { body: request } : {}),
      signal: gone.signal,
    });
    response.writeHead(reply.statusCode ?? 502, kept(reply.headers, NOT_GIVEN_BACK));
    response.flushHeaders();
    await pipeline(reply, response);
  }

  server.on('request', (request, response) => {
    answer(request, response).catch((error: unknown) => {
      if (response.headersSent) response.destroy();
      else refuse(response, 502, `${collector.place} cannot be reached: ${wordsOf(error)}`);
    });
  });
  return {
    address: `http://${LOOPBACK}:${bound}/?${KEY_PARAMETER}=${key.first}`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** As the collector itself tells problems, so that the page can show them. */
function refuse(response: ServerResponse, status: number, message: string): void {
  response.writeHead(status, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' });
  response.end(`${JSON.stringify({ code: status === 502 ? 'DBA1109' : 'DBA1110', message })}\n`);
}

function kept(headers: IncomingMessage['headers'], dropped: ReadonlySet<string>): Record<string, string | string[]> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined || dropped.has(name) ? [] : [[name, value]],
    ),
  );
}

function portOf(address: AddressInfo | string | null): number {
  return typeof address === 'object' && address !== null ? address.port : 0;
}

function wordsOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : String(error);
}
