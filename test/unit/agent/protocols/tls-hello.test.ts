import { connect, createServer } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { describe, expect, test } from '@jest/globals';
import { isClientHello, readClientHello } from '../../../../agent/protocols/tls-hello.ts';

/** The first bytes that this Node's TLS client sends; the connection is closed at once. */
async function helloOf(options: { servername?: string; maxVersion?: 'TLSv1.2' | 'TLSv1.3' }): Promise<Buffer> {
  const { promise, resolve } = Promise.withResolvers<Buffer>();
  const server = createServer((socket) => socket.once('data', resolve).on('error', () => {}));
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const client = connectTls({ socket: connect(port, '127.0.0.1'), rejectUnauthorized: true, ...options });
  client.on('error', () => {});
  const hello = await promise;
  client.destroy();
  server.close();
  return hello;
}

describe('readClientHello', () => {
  test('tells server name and version of a real hello', async () => {
    const hello = await helloOf({ servername: 'db.example.com' });
    expect(readClientHello(hello, 0, hello.length)).toEqual({ version: 'TLS 1.3', serverName: 'db.example.com' });
  });

  test('tells an older version, and no name where none was sent', async () => {
    const hello = await helloOf({ maxVersion: 'TLSv1.2' });
    expect(readClientHello(hello, 0, hello.length)).toEqual({ version: 'TLS 1.2', serverName: undefined });
  });

  test('a hello cut anywhere never throws and never makes up a name', async () => {
    const hello = await helloOf({ servername: 'db.example.com' });
    for (let length = 0; length < hello.length; length += 1) {
      const cut = hello.subarray(0, length);
      expect([undefined, 'db.example.com']).toContain(readClientHello(cut, 0, length)?.serverName);
    }
  });

  test('other beginnings are none', () => {
    expect(isClientHello(Buffer.from('GET / HTTP/1.1'), 0, 14)).toBe(false);
    expect(isClientHello(Buffer.from([22, 3]), 0, 2)).toBeUndefined();
    expect(readClientHello(Buffer.from([22, 3, 1, 0, 5, 2, 0, 0]), 0, 8)).toBeUndefined();
  });
});
