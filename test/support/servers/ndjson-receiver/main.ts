import { closeSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { TLSSocket } from 'node:tls';
import { promisify } from 'node:util';
import { gunzip, zstdDecompress } from 'node:zlib';
import {
  type Behaviour,
  behaviourSchema,
  type ReceivedRequest,
  type ReceiverSettings,
  receiverSettingsSchema,
} from './behaviour.ts';

/*
 * The process behind ndjson-receiver.ts: takes POSTs of NDJSON as docs/sinks/http.md has them, into a file. What it has
 * acknowledged is in the file: whoever kills it loses nothing but what was not acknowledged.
 */

const NEWLINE = 0x0a;
/** Of which tests look at a few. */
const REMEMBERED_REQUESTS = 1_000;

const settings = receiverSettingsSchema.parse(JSON.parse(process.argv[2] ?? ''));
const ledger = openLedger(settings.ledgerFile);
const remembered: ReceivedRequest[] = [];
let behaviour: Behaviour = {};

/** A line that was cut off when the process before was killed had not been acknowledged. */
function openLedger(file: string): number {
  const descriptor = openSync(file, 'a+', 0o600);
  const content = readFileSync(file);
  ftruncateSync(descriptor, content.lastIndexOf(NEWLINE) + 1);
  return descriptor;
}

async function readAll(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  switch (request.headers['content-encoding']) {
    case 'gzip':
      return await promisify(gunzip)(body);
    case 'zstd':
      return await promisify(zstdDecompress)(body);
    default:
      return body;
  }
}

/** Where each line ends, its newline included. */
function endsOf(body: Buffer): number[] {
  const ends: number[] = [];
  for (let at = body.indexOf(NEWLINE); at >= 0; at = body.indexOf(NEWLINE, at + 1)) ends.push(at + 1);
  return ends;
}

function mayIn(request: IncomingMessage): boolean {
  if (settings.bearerFile === undefined) return true;
  return request.headers.authorization === `Bearer ${readFileSync(settings.bearerFile, 'utf8').trim()}`;
}

function remember(request: IncomingMessage, lines: number, status: number): void {
  const headers = Object.entries(request.headers).filter(([name]) => name !== 'authorization');
  const clientName = request.socket instanceof TLSSocket ? request.socket.getPeerCertificate().subject?.CN : undefined;
  remembered.push({
    path: request.url ?? '',
    headers: Object.fromEntries(headers.map(([name, value]) => [name, String(value)])),
    lines,
    status,
    clientPort: request.socket.remotePort ?? 0,
    ...(typeof clientName === 'string' ? { clientName } : {}),
  });
  if (remembered.length > REMEMBERED_REQUESTS) remembered.shift();
}

/** The behaviour for one request. */
function nextBehaviour(): Behaviour {
  const now = behaviour;
  if (now.requests !== undefined) behaviour = now.requests === 1 ? {} : { ...now, requests: now.requests - 1 };
  return now;
}

async function receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const now = nextBehaviour();
  let lines = 0;
  const answer = (status: number, body: object | string = {}) => {
    remember(request, lines, status);
    if (now.retryAfter !== undefined) response.setHeader('retry-after', now.retryAfter);
    if (now.location !== undefined) response.setHeader('location', now.location);
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(now.answer ?? (typeof body === 'string' ? body : JSON.stringify(body)));
  };
  if (now.refuseUnread !== undefined) return answer(now.refuseUnread, { error: 'not read' });
  const body = await readAll(request);
  const ends = endsOf(body);
  lines = ends.length;
  if (!mayIn(request)) return answer(401, { error: 'who are you?' });
  if (now.delayMillis !== undefined) await sleep(now.delayMillis);
  if (now.breakOff === true) return void request.socket.destroy();
  if (now.silent === true) return remember(request, lines, 0);
  if (now.status !== undefined) return answer(now.status, { error: 'as I was told' });
  if (now.mostLines !== undefined && lines > now.mostLines) return answer(413, { error: 'too many lines' });
  if (now.poison !== undefined && body.includes(now.poison)) return answer(400, { error: 'there is poison in it' });
  if (now.linesPerSecond !== undefined) await sleep((lines / now.linesPerSecond) * 1000);
  answer(200, take(body, ends, now));
}

/** What is acknowledged is in the file. */
function take(body: Buffer, ends: readonly number[], now: Behaviour): object {
  const acknowledged = Math.min(now.acknowledge ?? ends.length, ends.length);
  const front = body.subarray(0, acknowledged === 0 ? 0 : ends[acknowledged - 1]);
  if (now.refuseLinesWith === undefined) {
    writeSync(ledger, front);
    return now.acknowledge === undefined ? {} : { acknowledged };
  }
  const refused: { index: number; reason: string }[] = [];
  for (let index = 0; index < acknowledged; index++) {
    const line = body.subarray(ends[index - 1] ?? 0, ends[index]);
    if (line.includes(now.refuseLinesWith)) refused.push({ index, reason: 'not to my mind' });
    else writeSync(ledger, line);
  }
  return { acknowledged, refused };
}

function server({ tls }: ReceiverSettings) {
  const handler = (request: IncomingMessage, response: ServerResponse) => {
    receive(request, response).catch(() => request.socket.destroy());
  };
  if (tls === undefined) return createServer(handler);
  const ca = tls.clientCaFile === undefined ? {} : { ca: readFileSync(tls.clientCaFile), requestCert: true };
  return createTlsServer({ cert: readFileSync(tls.certFile), key: readFileSync(tls.keyFile), ...ca }, handler);
}

/** What the test tells and asks it, apart from what the agent sees. */
const control = createServer(async (request, response) => {
  if (request.method === 'PUT') behaviour = behaviourSchema.parse(JSON.parse(String(await readAll(request))));
  response.end(JSON.stringify(request.url === '/requests' ? remembered : {}));
});

server(settings).listen(settings.port, '127.0.0.1', () => control.listen(settings.controlPort, '127.0.0.1'));
process.once('SIGTERM', () => {
  closeSync(ledger);
  process.exit(0);
});
