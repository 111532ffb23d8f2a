import { Agent, type RequestOptions } from 'node:https';
import type { Duplex } from 'node:stream';
import { connect } from 'node:tls';

export interface ForwardingOptions {
  /** Authorities to trust, PEM. */
  readonly ca: string;
  /** The name that the certificate must have. */
  readonly servername: string;
  /** Opens what TLS is spoken over. */
  open(): Promise<Duplex>;
}

/** TLS over connections that are opened in another way than by TCP; they are kept for the next request. */
export class ForwardingAgent extends Agent {
  readonly #options: ForwardingOptions;

  constructor(options: ForwardingOptions) {
    super({ keepAlive: true });
    this.#options = options;
  }

  override createConnection(
    { cert, key }: RequestOptions,
    callback?: (error: Error | null, stream: Duplex) => void,
  ): undefined {
    const { ca, servername, open } = this.#options;
    const failed = (error: unknown): void => {
      // Only the error is looked at then.
      Reflect.apply(callback ?? (() => undefined), undefined, [error]);
    };
    open().then((socket) => {
      const stream = connect({ socket, servername, ca, cert, key, minVersion: 'TLSv1.2' });
      // What the port-forward says is wrong says more than the end of TLS.
      socket.once('error', (error) => stream.destroy(error));
      stream.once('close', () => socket.destroy());
      callback?.(null, stream);
    }, failed);
    return undefined;
  }
}
