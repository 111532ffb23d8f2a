import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What stands between a client and a server, and may answer in the server's place. */
export interface Gatekeeper {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  /** Of the requests that came, in order: `PUT /_index_template/x`. */
  readonly requests: readonly string[];
  stop(): Promise<void>;
}

export interface GatekeeperAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: object | string;
}

/** A reverse proxy on loopback. Where `answer` gives something, that is the answer; else the server's is. */
export async function startGatekeeper(
  server: string,
  answer: (incoming: IncomingMessage) => GatekeeperAnswer | undefined,
): Promise<Gatekeeper> {
  const requests: string[] = [];
  const proxy = createServer((incoming, outgoing) => {
    requests.push(`${incoming.method} ${incoming.url?.replace(/\?.*/, '')}`);
    const own = answer(incoming);
    if (own === undefined) forward(server, incoming, outgoing);
    else {
      incoming.resume();
      const json = typeof own.body === 'object';
      outgoing.writeHead(own.status, { 'content-type': json ? 'application/json' : 'text/plain', ...own.headers });
      outgoing.end(json ? JSON.stringify(own.body) : own.body);
    }
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const { port } = proxy.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    stop: () =>
      new Promise((resolve) => {
        proxy.close(() => resolve());
        proxy.closeAllConnections();
      }),
  };
}

function forward(server: string, incoming: IncomingMessage, outgoing: ServerResponse): void {
  const onward = request(
    new URL(incoming.url ?? '/', server),
    { method: incoming.method, headers: incoming.headers },
    (response) => {
      outgoing.writeHead(response.statusCode ?? 502, response.headers);
      response.pipe(outgoing);
    },
  );
  onward.on('error', () => outgoing.destroy());
  incoming.pipe(onward);
}
