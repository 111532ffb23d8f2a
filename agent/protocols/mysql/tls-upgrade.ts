import type { Side } from '../../tcp/byte-stream.ts';
import type { TlsFacts } from '../activity.ts';
import { readClientHello } from '../tls-hello.ts';

/** A ClientHello is one record of at most 16 KiB in ordinary life; what is longer tells enough at its beginning. */
const MAX_CLIENT_HELLO_BYTES = 16_384;
const RECORD_HEADER_BYTES = 5;

/** After a client has asked for TLS: collects its ClientHello, the last that can be read. */
export class TlsUpgrade {
  #hello: Buffer = Buffer.alloc(0);

  /** True once there is nothing more to collect. */
  take(from: Side, buffer: Buffer, start: number, end: number): boolean {
    if (from === 'server') return true;
    this.#hello = Buffer.concat([this.#hello, buffer.subarray(start, end)]);
    const { length } = this.#hello;
    if (length < RECORD_HEADER_BYTES) return false;
    const recordBytes = RECORD_HEADER_BYTES + this.#hello.readUInt16BE(3);
    return length >= Math.min(recordBytes, MAX_CLIENT_HELLO_BYTES);
  }

  facts(): TlsFacts {
    return readClientHello(this.#hello, 0, this.#hello.length) ?? { version: undefined, serverName: undefined };
  }
}
