import { readFileSync } from 'node:fs';
import type { IncomingHttpHeaders } from 'node:http';
import { createServer, type Server } from 'node:https';
import { buffer } from 'node:stream/consumers';
import { CertificateAuthority } from '../cluster/certificates.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../leftovers.ts';
import { freePort } from '../servers/free-port.ts';

export interface HookRequest {
  readonly url: URL;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

interface HookAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** An object is written as JSON. */
  readonly body: object | string;
}

/** What a service does with a request. */
export type HookService = (request: HookRequest) => HookAnswer;

/** A chat service on loopback, over HTTPS, with a certificate of its own authority. */
export class HookReceiver {
  readonly requests: HookRequest[] = [];
  /** May be changed at any time. */
  service: HookService;
  readonly port: number;
  readonly #server: Server;
  readonly #directory: TemporaryDirectory;
  readonly #authority: CertificateAuthority;

  private constructor(port: number, server: Server, directory: TemporaryDirectory, authority: CertificateAuthority) {
    this.port = port;
    this.#server = server;
    this.#directory = directory;
    this.#authority = authority;
    this.service = () => ({ body: {} });
    server.on('request', async (request, response) => {
      const url = new URL(request.url ?? '/', this.origin);
      const received = { url, headers: request.headers, body: await buffer(request) };
      this.requests.push(received);
      const { status = 200, headers = {}, body } = this.service(received);
      const isText = typeof body === 'string';
      response.writeHead(status, { 'content-type': isText ? 'text/plain' : 'application/json', ...headers });
      response.end(isText ? body : JSON.stringify(body));
    });
  }

  static async start(): Promise<HookReceiver> {
    const directory = temporaryDirectory('hook-receiver');
    const authority = new CertificateAuthority(directory.path);
    authority.issue('receiver', '/CN=receiver', ['DNS:localhost', 'IP:127.0.0.1']);
    const server = createServer({
      cert: readFileSync(authority.path('receiver.crt')),
      key: readFileSync(authority.path('receiver.key')),
    });
    const port = await freePort();
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', resolve);
    });
    return new HookReceiver(port, server, directory, authority);
  }

  get origin(): string {
    return `https://localhost:${this.port}`;
  }

  get caFile(): string {
    return this.#authority.path('ca.crt');
  }

  /** Certificate and key, for other servers. */
  get certificate(): { readonly cert: Buffer; readonly key: Buffer } {
    return {
      cert: readFileSync(this.#authority.path('receiver.crt')),
      key: readFileSync(this.#authority.path('receiver.key')),
    };
  }

  get last(): HookRequest {
    const last = this.requests.at(-1);
    if (last === undefined) throw new Error('nothing was received');
    return last;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
    this.#directory.remove();
  }
}
