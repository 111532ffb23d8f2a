import { writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { afterAll, afterEach, describe, expect, test } from '@jest/globals';
import { HttpClient } from '../../../delivery/connection/http-client.ts';
import { authorization } from '../../../delivery/connection/http-credentials.ts';
import { temporaryDirectory } from '../../support/leftovers.ts';

/** For hangs alone. */
const PATIENT_MILLIS = 120_000;

const sockets = new Set<Socket>();
let server: Server | undefined;

/** Gives the URL of a server that does with each connection what it is told. */
function serve(connected: (socket: Socket) => void): Promise<string> {
  const started = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    connected(socket);
  });
  server = started;
  return new Promise((resolve) => {
    started.listen(0, '127.0.0.1', () => {
      const address = started.address();
      resolve(`http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`);
    });
  });
}

function post(client: HttpClient, body: Buffer | string) {
  return client.request({ method: 'POST', path: '/', body, signal: new AbortController().signal });
}

afterEach(() => {
  for (const socket of sockets) socket.destroy();
  sockets.clear();
  server?.close();
});

describe('the client', () => {
  test('is not held up by a receiver that answers and never reads the rest', async () => {
    const url = await serve((socket) => {
      socket.pause();
      socket.write('HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n');
    });
    const client = new HttpClient({ url, requestTimeoutMillis: PATIENT_MILLIS });
    const body = Buffer.alloc(16_000_000);
    for (let time = 0; time < 4; time++) expect((await post(client, body)).status).toBe(413);
    await client.close();
  });

  test('takes no half of an answer for a whole one', async () => {
    const url = await serve((socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"acknowledged":'));
    const client = new HttpClient({ url, requestTimeoutMillis: PATIENT_MILLIS });
    await expect(post(client, 'x')).rejects.toMatchObject({ name: 'TryAgain', code: 'DBA4005' });
    await client.close();
  });

  test('says that something else than HTTP answers', async () => {
    const url = await serve((socket) => socket.end('+OK redis\r\n'));
    const client = new HttpClient({ url, requestTimeoutMillis: PATIENT_MILLIS });
    await expect(post(client, 'x')).rejects.toMatchObject({ name: 'WrongConfiguration', code: 'DBA4006' });
    await client.close();
  });

  test('gives up at once where it is to end already', async () => {
    const url = await serve(() => undefined);
    const client = new HttpClient({ url, requestTimeoutMillis: PATIENT_MILLIS });
    const request = client.request({ method: 'GET', path: '/', signal: AbortSignal.abort() });
    await expect(request).rejects.toMatchObject({ name: 'TryAgain' });
    await client.close();
  });

  test('makes one line of what a receiver says', () => {
    const client = new HttpClient({ url: 'http://127.0.0.1:1', requestTimeoutMillis: 100 });
    expect(client.harmless('one\r\n\ttwo\u001b[31m\u0000 three\n')).toBe('one two [31m three');
    expect(client.harmless('x'.repeat(10_000)).length).toBe(300);
  });
});

describe('credentials', () => {
  const directory = temporaryDirectory('http-credentials');
  const file = `${directory.path}/secret`;
  afterAll(() => directory.remove());

  test('are the header of their scheme', async () => {
    writeFileSync(file, 'pä:ss word\n');
    const basic = await authorization({ username: 'me', passwordFile: file });
    expect(basic?.header).toBe(`Basic ${Buffer.from('me:pä:ss word').toString('base64')}`);
    expect(basic?.secrets).toContain('pä:ss word');
    writeFileSync(file, 'abc.def\r\n');
    expect((await authorization({ bearerFile: file }))?.header).toBe('Bearer abc.def');
    expect((await authorization({ apiKeyFile: file }))?.header).toBe('ApiKey abc.def');
    expect(await authorization({})).toBeUndefined();
  });
});
