import { beforeEach, describe, expect, test } from '@jest/globals';
import type { Session } from '../../../../agent/audit-event.ts';
import type { Activity } from '../../../../agent/protocols/activity.ts';
import { type DecoderContext, type Protocol, ProtocolViolation } from '../../../../agent/protocols/protocol.ts';
import { SessionListener, type SessionParts } from '../../../../agent/protocols/session.ts';
import { SessionFacts } from '../../../../agent/protocols/session-facts.ts';

/** A protocol of one letter: bytes that begin with it are its own, `!` breaks its rules. */
function letterProtocol(letter: string, strength: 'yes' | 'likely' = 'yes'): Protocol {
  return {
    name: `protocol-${letter}`,
    ports: [],
    recognize: (_, opening, start) => (opening[start] === letter.charCodeAt(0) ? strength : 'no'),
    decode: ({ capturedFromStart }: DecoderContext) => ({
      data(from, buffer, start, end) {
        const text = buffer.toString('latin1', start, end);
        if (text.includes('!')) throw new ProtocolViolation('no exclamation');
        if (text.includes('bug')) throw new TypeError('a bug');
        log.push(`${letter} ${capturedFromStart ? 'start' : 'mid'} ${from} ${text}`);
      },
      gap: (from, length) => log.push(`${letter} gap ${from} ${length}`),
      tick: () => log.push(`${letter} tick`),
      close: (_, reason) => log.push(`${letter} close ${reason}`),
    }),
  };
}

const A = letterProtocol('a');
const B = letterProtocol('b', 'likely');
let log: string[] = [];

beforeEach(() => {
  log = [];
});

function open(options: { readonly expected?: Protocol; readonly fromStart?: boolean } = {}) {
  const session: Session = {
    id: 'x',
    protocol: undefined,
    eventCount: 0,
    facts: new SessionFacts('unknown'),
    connection: {
      client: { ip: '10.0.0.1', port: 1 },
      server: { ip: '10.0.0.2', port: 2 },
      ipVersion: 4,
      startedAt: 0,
      capturedFromStart: options.fromStart ?? true,
      interfaceIndex: undefined,
    },
  };
  const parts: SessionParts = {
    protocols: [A, B],
    limits: { textBytes: 1, pendingStatements: 1, preparedStatements: 1, stillRunningNanos: 1 },
    report: (_, activity: Activity) => {
      log.push(
        activity.kind === 'blind' ? `blind ${activity.reason}${activity.forGood ? ' for good' : ''}` : activity.kind,
      );
    },
    recognized: (_, { name }) => log.push(`recognized ${name}`),
    ended: (_session, _at, reason) => log.push(`ended ${reason}`),
  };
  const listener = new SessionListener(parts, session, options.expected);
  const send = (from: 'client' | 'server', text: string) => {
    const bytes = Buffer.from(text, 'latin1');
    listener.data(from, bytes, 0, bytes.length, 0);
  };
  return { listener, send };
}

describe('recognition', () => {
  test('a certain protocol is taken on any port', () => {
    open({ expected: B }).send('client', 'abc');
    expect(log).toEqual(['recognized protocol-a', 'a start client abc']);
  });

  test('a likely one is taken on its own port', () => {
    open({ expected: B }).send('client', 'bcd');
    expect(log).toEqual(['recognized protocol-b', 'b start client bcd']);
  });

  test('and elsewhere where nobody else claims the bytes', () => {
    open().send('client', 'bcd');
    expect(log).toEqual(['recognized protocol-b', 'b start client bcd']);
  });

  test('what came before is decoded in its order', () => {
    const { send, listener } = open({ expected: A });
    send('server', 'zz');
    listener.gap('server', 7, 0);
    send('client', 'abc');
    expect(log).toEqual([
      'recognized protocol-a',
      'a start server zz',
      'blind bytes-lost',
      'a gap server 7',
      'a start client abc',
    ]);
  });

  test('a stranger on a known port is told once, on another port not at all', () => {
    const known = open({ expected: A });
    known.send('client', 'GET /');
    known.send('client', 'abc');
    open().send('client', 'GET /');
    expect(log).toEqual(['recognized protocol-a', 'blind unrecognized for good']);
  });

  test('in mid-stream the port decides at last', () => {
    const { send, listener } = open({ expected: A, fromStart: false });
    for (let piece = 0; piece < 40; piece += 1) send('server', 'zz');
    expect(log[0]).toBe('recognized protocol-a');
    expect(log.filter((line) => line === 'a mid server zz')).toHaveLength(40);
    listener.close(0, 'finished');
    expect(log.slice(-2)).toEqual(['a close finished', 'ended finished']);
  });

  test('a connection that ends undecided is told, one without a byte is not', () => {
    const { send, listener } = open({ expected: A });
    send('server', 'zz');
    listener.close(0, 'reset');
    open({ expected: A }).listener.close(0, 'reset');
    expect(log).toEqual(['recognized protocol-a', 'blind unrecognized for good', 'ended reset', 'ended reset']);
  });

  test('TLS from the first byte is said', () => {
    const { send } = open({ expected: A });
    send('client', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03');
    send('client', 'abc');
    expect(log).toEqual(['recognized protocol-a', 'blind encrypted for good']);
  });
});

describe('a decoder that breaks', () => {
  test('is started afresh in mid-stream, and given up after its eighth violation', () => {
    const { send } = open();
    send('client', 'a1');
    send('client', '!');
    send('client', 'a2');
    expect(log).toEqual([
      'recognized protocol-a',
      'a start client a1',
      'a close evicted',
      'blind malformed',
      'a mid client a2',
    ]);
    for (let violation = 0; violation < 7; violation += 1) send('client', '!');
    expect(log.at(-1)).toBe('blind malformed for good');
    const before = log.length;
    send('client', 'a3');
    expect(log).toHaveLength(before);
  });

  test('a bug is not hidden', () => {
    const { send } = open();
    expect(() => send('client', 'a bug')).toThrow(TypeError);
  });
});

describe('bytes lost', () => {
  test('are told and handed to the decoder', () => {
    const { send, listener } = open();
    send('client', 'a1');
    listener.gap('client', 100, 0);
    expect(log.slice(-2)).toEqual(['blind bytes-lost', 'a gap client 100']);
  });

  test('at the beginning leave the protocol to the port', () => {
    const { send, listener } = open({ expected: A });
    listener.gap('client', 100, 0);
    send('client', 'zz');
    listener.close(0, 'finished');
    expect(log.slice(0, 4)).toEqual([
      'recognized protocol-a',
      'blind bytes-lost',
      'a gap client 100',
      'a start client zz',
    ]);
  });
});
