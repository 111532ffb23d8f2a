import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { joinLines } from '../../../delivery/batch.ts';
import { classNumber, EVENT_CLASSES } from '../../../delivery/event-class.ts';
import { TryAgain } from '../../../delivery/sinks/failure.ts';
import type { Sink } from '../../../delivery/sinks/sink.ts';
import { unacknowledgedBytes } from '../../../delivery/sinks/syslog/unacknowledged.ts';
import { syslogSink } from '../../../delivery/sinks/syslog.ts';

const NEVER = new AbortController().signal;
const LINE = '{"@timestamp":"2026-11-21T20:26:12.345678901Z","event":{"action":"db.query","id":"a-1"},"text":"ü"}';

/** Takes everything, and ends a connection when the other side does. */
class Receiver {
  readonly connections: Socket[] = [];
  readonly received: string[] = [];
  readonly #server = createServer({ allowHalfOpen: true }, (socket) => {
    const index = this.connections.push(socket) - 1;
    this.received.push('');
    socket.setEncoding('utf8').on('data', (text: string) => {
      this.received[index] += text;
    });
    socket.on('end', () => this.endsConnections && socket.end());
    socket.on('error', () => undefined);
  });
  endsConnections = true;
  port = 0;

  async listen(): Promise<void> {
    await once(this.#server.listen(0, '127.0.0.1'), 'listening');
    const address = this.#server.address();
    this.port = typeof address === 'object' && address !== null ? address.port : 0;
  }

  nextConnection(): Promise<unknown> {
    return once(this.#server, 'connection');
  }

  close(): void {
    this.#server.close();
    for (const socket of this.connections) socket.destroy();
  }
}

let receiver = new Receiver();
let notices: string[] = [];
const opened: Sink[] = [];
beforeEach(async () => {
  receiver = new Receiver();
  notices = [];
  await receiver.listen();
});
afterEach(async () => {
  jest.useRealTimers();
  receiver.close();
  for (const sink of opened.splice(0)) await sink.close().catch(() => undefined);
});

function openSyslog(settings: object = {}): Sink {
  const address = `127.0.0.1:${receiver.port}`;
  const parsed = syslogSink.schema.parse({ type: 'syslog', address, hostname: 'pod-1', ...settings });
  const sink = syslogSink.open(parsed, { instanceId: 'test', onNotice: (notice) => notices.push(notice) });
  opened.push(sink);
  return sink;
}

function batchOf(lines: readonly string[], eventClass = 0) {
  return joinLines(lines.map((line) => ({ line: Buffer.from(`${line}\n`), classNumber: eventClass })));
}

/** The messages of octet-counted text, which is ASCII but for `ü`. */
function messagesOf(text: string): string[] {
  const messages: string[] = [];
  let bytes = Buffer.from(text);
  while (bytes.length > 0) {
    const blank = bytes.indexOf(' ');
    const end = blank + 1 + Number(bytes.subarray(0, blank).toString());
    messages.push(bytes.subarray(blank + 1, end).toString());
    bytes = bytes.subarray(end);
  }
  return messages;
}

describe('messages', () => {
  test('are those of RFC 5424, counted in octets, with the event as it is', async () => {
    await openSyslog().write(batchOf([LINE, LINE]), NEVER);
    const message = `<110>1 2026-11-21T20:26:12.345678Z pod-1 dbaudit ${process.pid} db.query - ${LINE}`;
    expect(receiver.received[0]).toBe(`${Buffer.byteLength(message)} ${message}`.repeat(2));
  });

  test('have a priority by class', async () => {
    const sink = openSyslog({ facility: 'local0' });
    await sink.write(
      joinLines(EVENT_CLASSES.map((_, classNumber) => ({ line: Buffer.from(`${LINE}\n`), classNumber }))),
      NEVER,
    );
    const severities = messagesOf(receiver.received[0] ?? '').map(
      (message) => Number(/<(\d+)>/.exec(message)?.[1]) - 16 * 8,
    );
    expect(Object.fromEntries(EVENT_CLASSES.map((name, index) => [name, severities[index]]))).toEqual({
      read: 6,
      misc: 6,
      write: 6,
      login: 5,
      ddl: 5,
      error: 4,
      gap: 4,
    });
  });

  test.each([
    ['no time', '{"event":{"action":"db.query"}}', '- pod-1 dbaudit PID db.query - '],
    ['whole seconds', '{"@timestamp":"2026-11-21T20:26:12Z"}', '2026-11-21T20:26:12Z pod-1 dbaudit PID - - '],
    ['milliseconds', '{"@timestamp":"2026-11-21T20:26:12.345Z"}', '2026-11-21T20:26:12.345Z pod-1 dbaudit PID - - '],
    ['a time that is none', '{"@timestamp":"soon"}', '- pod-1 dbaudit PID - - '],
    ['an action with a blank', '{"action":"a b"}', '- pod-1 dbaudit PID - - '],
    ['an action that is too long', `{"action":"${'a'.repeat(33)}"}`, '- pod-1 dbaudit PID - - '],
    ['text like an action', '{"text":"\\"action\\":\\"x\\""}', '- pod-1 dbaudit PID - - '],
  ])('with %s are still valid', async (_, line, header) => {
    await openSyslog().write(batchOf([line], classNumber('read')), NEVER);
    expect(messagesOf(receiver.received[0] ?? '')).toEqual([
      `<110>1 ${header.replace('PID', `${process.pid}`)}${line}`,
    ]);
  });

  test('have the cookie of CEE where that is asked for', async () => {
    await openSyslog({ cee: true, appName: 'audit' }).write(batchOf([LINE]), NEVER);
    expect(receiver.received[0]).toContain(` audit ${process.pid} db.query - @cee: ${LINE}`);
  });

  test('that are too long are refused one by one, and a batch of nothing else sends nothing', async () => {
    const sink = openSyslog({ maxMessageBytes: 2048 });
    const long = `{"text":"${'x'.repeat(3000)}"}`;
    const refused = (index: number) => ({
      index,
      reason: expect.stringMatching(/30\d\d bytes.*maxMessageBytes is 2048/),
    });
    expect(await sink.write(batchOf([long, long]), NEVER)).toEqual({ refused: [refused(0), refused(1)], again: [] });
    expect(receiver.connections).toEqual([]);
    expect(await sink.write(batchOf([LINE, long, LINE]), NEVER)).toEqual({ refused: [refused(1)], again: [] });
    expect(messagesOf(receiver.received[0] ?? '')).toHaveLength(2);
  });
});

describe('proof that the receiver has read', () => {
  test('is asked for after the first batch and at the end: two connections end in order', async () => {
    const sink = openSyslog();
    await sink.write(batchOf([LINE]), NEVER);
    expect(receiver.connections).toHaveLength(2);
    for (const _ of [1, 2, 3]) await sink.write(batchOf([LINE]), NEVER);
    await sink.close();
    expect(receiver.received.map((text) => messagesOf(text).length)).toEqual([1, 0, 3, 0]);
  });

  test('is asked for when nothing has come for a while', async () => {
    const sink = openSyslog();
    await sink.write(batchOf([LINE]), NEVER);
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask', 'performance', 'Date'] });
    await sink.write(batchOf([LINE]), NEVER);
    const proof = receiver.nextConnection();
    jest.advanceTimersByTime(10_000);
    await proof;
    await sink.close();
    expect([receiver.received.map((text) => messagesOf(text).length), notices]).toEqual([[1, 0, 1, 0], []]);
  });

  test('what was not proved is sent again on the next connection, and that is told', async () => {
    const sink = openSyslog();
    await sink.write(batchOf([LINE]), NEVER);
    await sink.write(batchOf([LINE, LINE]), NEVER);
    receiver.connections[2]?.resetAndDestroy();
    // A write may be what finds out; the queue repeats it.
    await sink.write(batchOf([LINE]), NEVER).catch(() => sink.write(batchOf([LINE]), NEVER));
    await sink.close();
    expect(messagesOf(receiver.received[3] ?? '')).toHaveLength(3);
    expect(notices).toEqual([expect.stringMatching(/2 events were sent again/)]);
  });

  test('a receiver that does not end connections is told of', async () => {
    receiver.endsConnections = false;
    await expect(openSyslog({ timeoutSeconds: 1 }).write(batchOf([LINE]), NEVER)).rejects.toMatchObject({
      code: 'DBA4007',
      message: expect.stringMatching(/asked to end the connection and did not for 1 s/),
    });
  });

  test('waiting for it ends with the signal', async () => {
    receiver.endsConnections = false;
    const stop = new AbortController();
    const written = openSyslog().write(batchOf([LINE]), stop.signal);
    await receiver.nextConnection();
    stop.abort();
    await expect(written).rejects.toThrow(TryAgain);
    await expect(openSyslog().write(batchOf([LINE]), stop.signal)).rejects.toThrow(/given up/);
  });

  test('nobody at the address is told in words', async () => {
    receiver.close();
    await expect(openSyslog().write(batchOf([LINE]), NEVER)).rejects.toMatchObject({
      code: 'DBA4005',
      message: expect.stringContaining(`syslog://127.0.0.1:${receiver.port}: the connection was refused`),
    });
  });
});

describe('what the other kernel has', () => {
  test('is known on Linux', async () => {
    if (process.platform !== 'linux') return process.stderr.write('skipped: /proc/net/tcp is Linux’\n');
    receiver.endsConnections = false;
    const connected = receiver.nextConnection();
    const socket = new (await import('node:net')).Socket().connect(receiver.port, '127.0.0.1');
    await Promise.all([connected, once(socket, 'connect')]);
    const endpoints = { localPort: socket.localPort ?? 0, remotePort: receiver.port, family: 'IPv4' } as const;
    expect(unacknowledgedBytes(endpoints)).toBe(0);
    receiver.connections[0]?.pause();
    socket.write(Buffer.alloc(64 * 1_048_576));
    expect(unacknowledgedBytes(endpoints)).toBeGreaterThan(100_000);
    socket.destroy();
    expect(unacknowledgedBytes({ ...endpoints, localPort: 1 })).toBeUndefined();
    return undefined;
  });
});

describe('settings', () => {
  test.each([
    ['logs.example:6514', true],
    ['10.0.0.1:514', true],
    ['[2001:db8::1]:6514', true],
    ['logs.example', false],
    ['user:secret@logs.example:514', false],
    ['syslog://logs.example:514', false],
    ['2001:db8::1:6514', false],
    ['logs.example:0', false],
    ['logs.example:65536', false],
  ])('the address %s is taken: %p', (address, isTaken) => {
    expect(syslogSink.schema.safeParse({ type: 'syslog', address }).success).toBe(isTaken);
  });

  test('a place says whether it is over TLS', () => {
    const settings = syslogSink.schema.parse({
      type: 'syslog',
      address: 'logs.example:6514',
      tls: { caFile: '/ca.pem' },
    });
    expect(syslogSink.place(settings)).toBe('syslog+tls://logs.example:6514');
  });
});
