import { HttpClient, type HttpRequest, type HttpResponse } from '../../connection/http-client.ts';
import type { HttpCredentials } from '../../connection/http-credentials.ts';
import type { TlsSettings } from '../sink-fields.ts';

/** The answer to a batch in which each of 5000 events is refused at length. */
const MAX_REPLY_BYTES = 8_388_608;

export interface NodesOptions {
  /** At least one; a path is put before each request's. */
  readonly urls: readonly string[];
  readonly tls: TlsSettings | undefined;
  readonly credentials: HttpCredentials;
  readonly requestTimeoutMillis: number;
  /** Default: 8 MiB. */
  readonly maxReplyBytes?: number;
  /** To each node. Default: 2. */
  readonly maxSockets?: number;
}

export interface NodeResponse extends HttpResponse {
  /** Of the node that answered. */
  readonly origin: string;
  /** What it says, as one short line without our credentials. */
  harmless(said: string): string;
}

/** The nodes of one cluster. One is used until it fails; then the next is. */
export class Nodes {
  readonly #nodes: readonly { readonly client: HttpClient; readonly prefix: string }[];
  #current = 0;

  constructor({ urls, maxReplyBytes = MAX_REPLY_BYTES, ...options }: NodesOptions) {
    this.#nodes = urls.map((url) => ({
      client: new HttpClient({ url, ...options, maxResponseBytes: maxReplyBytes }),
      prefix: new URL(url).pathname.replace(/\/+$/, ''),
    }));
  }

  /**
   * Any answer of the first node that gives one. One that says that it cannot serve now counts for none, unless it is the last.
   * @throws TryAgain or WrongConfiguration, of the last node that was tried
   */
  async request(request: HttpRequest): Promise<NodeResponse> {
    for (let left = this.#nodes.length - 1; ; left--) {
      const node = this.#nodes[this.#current];
      if (node === undefined) throw new RangeError('a cluster has at least one node');
      const { client, prefix } = node;
      try {
        const response = await client.request({ ...request, path: `${prefix}/${request.path}` });
        if (left === 0 || !isAway(response.status)) {
          return { ...response, origin: client.origin, harmless: (said) => client.harmless(said) };
        }
      } catch (error) {
        if (left === 0) {
          this.#next();
          throw error;
        }
      }
      this.#next();
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#nodes.map(({ client }) => client.close()));
  }

  #next(): void {
    this.#current = (this.#current + 1) % this.#nodes.length;
  }
}

/** A proxy without its node, or a node that is not part of its cluster now. */
function isAway(status: number): boolean {
  return status === 502 || status === 503 || status === 504;
}
