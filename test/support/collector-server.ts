import { once } from 'node:events';
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { json } from 'node:stream/consumers';
import type { TLSSocket } from 'node:tls';
import { COLLECTOR_CA_KEY, COLLECTOR_CA_MAP } from '../../contract/collector-objects.ts';
import { makeAuthority, makeLeaf, serviceNames } from '../../kubernetes/certificates/key-pairs.ts';
import { FakeCluster } from './fake-cluster.ts';

const OWN = 'dbaudit-system';
const authority = await makeAuthority(new Date());
const leaf = await makeLeaf({
  authority,
  dnsNames: [...serviceNames('dbaudit-collector', OWN), 'localhost'],
  now: new Date(),
});

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
  readonly headers: IncomingHttpHeaders;
  /** Of the client's certificate. */
  readonly subject: string | undefined;
}

type Answer = unknown | ((response: ServerResponse, asked: Asked) => void);

/** An HTTPS server in place of the collector; `answers` are by `POST /search`, below `/api/v1` where they begin so. */
export class CollectorServer {
  readonly asked: Asked[] = [];
  readonly answers = new Map<string, Answer>();
  readonly authority = authority.certificate;
  readonly #server = createServer(
    { cert: leaf.certificate, key: leaf.privateKey, requestCert: true, rejectUnauthorized: false },
    (request, response) => {
      void (async () => {
        const { method = '', url = '', headers } = request;
        const path = url.replace(/^\/api\/v1/, '');
        const body = method === 'POST' ? await json(request).catch(() => undefined) : undefined;
        const subject = (request.socket as TLSSocket).getPeerCertificate().subject?.CN;
        const asked: Asked = {
          method,
          path,
          body,
          headers,
          subject: typeof subject === 'string' ? subject : undefined,
        };
        this.asked.push(asked);
        const answer = this.answers.get(`${method} ${path}`);
        if (typeof answer === 'function') answer(response, asked);
        else if (answer === undefined) send(response, 404, { code: 'DBA1103', message: `there is no ${path}` });
        else send(response, 200, answer);
      })();
    },
  );

  static async start(): Promise<CollectorServer> {
    const started = new CollectorServer();
    started.#server.listen(0, '127.0.0.1');
    await once(started.#server, 'listening');
    return started;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** The cluster that it is the collector of. */
  cluster(namespace = 'shop'): FakeCluster {
    const cluster = new CollectorCluster(
      [
        {
          apiVersion: 'v1',
          kind: 'Namespace',
          metadata: { name: OWN, labels: { 'app.kubernetes.io/part-of': 'dbaudit' } },
        },
        {
          apiVersion: 'v1',
          kind: 'ConfigMap',
          metadata: { name: COLLECTOR_CA_MAP, namespace: OWN },
          data: { [COLLECTOR_CA_KEY]: this.authority },
        },
      ],
      namespace,
    );
    cluster.port = this.port;
    return cluster;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

/** Forwards to the server's port, whatever pod is named. */
class CollectorCluster extends FakeCluster {
  port = 0;

  override async portForward(namespace: string, pod: string, port: number): Promise<Duplex> {
    this.calls.push(`forward ${namespace}/${pod}:${port}`);
    return connect(this.port, '127.0.0.1');
  }
}

export function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'Content-Type': 'application/json' });
  response.end(JSON.stringify(body));
}
