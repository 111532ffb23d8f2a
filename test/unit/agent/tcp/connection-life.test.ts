import { describe, expect, test } from '@jest/globals';
import { RecordingReassembler } from '../../../support/recorded-streams.ts';
import { Conversation, type TestPacket, tcpPacket } from '../../../support/segments.ts';

const CLIENT = { ip: '10.0.0.1', port: 40_000 };
const SERVER = { ip: '10.0.0.2', port: 3306 };

function recorded(...groups: readonly (readonly TestPacket[])[]): RecordingReassembler {
  return new RecordingReassembler().accept(groups.flat());
}

function callsOf(...groups: readonly (readonly TestPacket[])[]): string[][] {
  return recorded(...groups)
    .tick(1)
    .tick(1)
    .tick(1)
    .end()
    .streams.map((stream) => stream.calls);
}

/** A packet of the client of an open Conversation, with numbers of its own. */
function stray(seq: number, flags: string, payload = ''): TestPacket {
  const bytes = tcpPacket({ source: CLIENT, destination: SERVER, seq, ack: 900_001, flags, payload });
  return { bytes, link: 1, seconds: 1_700_000_000, nanos: 0, from: 'client', payloadBytes: payload.length };
}

describe('an end', () => {
  const opened = () => new Conversation().open().client('ask');

  test('of one side leaves the other open', () => {
    const { packets } = opened().send('client', 'FA').server('slow ').server('answer').send('server', 'FA');
    expect(callsOf(packets)).toEqual([['client:ask', 'server:slow ', 'server:answer', 'close:finished']]);
  });

  test('may carry data', () => {
    const { packets } = opened().send('client', 'FPA', ' and go').send('server', 'FPA', 'answer');
    expect(callsOf(packets)).toEqual([['client:ask', 'client: and go', 'server:answer', 'close:finished']]);
  });

  test('is the end: data after it is ignored', () => {
    const { packets } = opened().send('client', 'FA').client('no').send('server', 'FA');
    expect(callsOf(packets)).toEqual([['client:ask', 'close:finished']]);
  });

  test('by reset is believed within the window only', () => {
    const reset = (seq: number) => callsOf(opened().packets, [stray(seq, 'R')], [stray(1_004, 'PA', 'more')]);
    expect(reset(1_004)).toEqual([['client:ask', 'close:reset']]);
    expect(reset(1_004 + 1_000_000_000)).toEqual([['client:ask', 'client:more', 'close:capture-end']]);
  });

  test('by reset waits for what was captured after it', () => {
    const { packets } = opened().server('answer').client('quit').reset();
    const [reset, quit] = [packets.at(-1), packets.at(-2)];
    if (reset === undefined || quit === undefined) throw new Error('no packets');
    expect(callsOf(packets.slice(0, -2), [reset, quit])).toEqual([
      ['client:ask', 'server:answer', 'client:quit', 'close:reset'],
    ]);
  });
});

test('a reset captured before the FIN that it follows loses nothing', () => {
  const { packets } = new Conversation().open().client('ask').server('answer').send('client', 'FA').server('late');
  const [late, fin] = [packets.at(-1), packets.at(-2)];
  if (late === undefined || fin === undefined) throw new Error('no packets');
  expect(callsOf(packets.slice(0, -2), [stray(1_005, 'R'), late, fin])).toEqual([
    ['client:ask', 'server:answer', 'server:late', 'close:reset'],
  ]);
});

describe('mid-stream', () => {
  test('begins with the first data', () => {
    const { packets } = new Conversation().open().client('before').server('answer').client('ask').server('reply');
    const late = recorded(packets.slice(5)).end();
    expect(late.only.calls).toEqual(['client:ask', 'server:reply', 'close:capture-end']);
    expect(late.only.connection.capturedFromStart).toBe(false);
  });

  test('begins rightly although the first packets are out of order', () => {
    const { packets } = new Conversation({ mss: 4 }).open().client('before').client('one two ').server('yes');
    const [first, second, ...rest] = packets.slice(5);
    if (first === undefined || second === undefined) throw new Error('no packets');
    expect(callsOf([second, first, ...rest])).toEqual([
      ['client:one ', 'client:two ', 'server:yes', 'close:capture-end'],
    ]);
  });

  test('reports what is lost at once', () => {
    const { packets } = new Conversation()
      .open()
      .client('before')
      .server('x')
      .client('ask')
      .server('lost')
      .client('more');
    expect(callsOf(packets.slice(5).filter((_packet, index) => index !== 1))).toEqual([
      ['client:ask', 'server:<4>', 'client:more', 'close:capture-end'],
    ]);
  });
});

describe('probes and retransmissions', () => {
  test.each<[string, TestPacket[], string[]]>([
    ['a keep-alive without data', [stray(1_003, 'A')], ['client:ask']],
    ['a keep-alive with a byte', [stray(1_003, 'A', 'k')], ['client:ask']],
    [
      'a zero-window probe',
      [stray(1_004, 'A', 'm'), stray(1_004, 'A', 'more')],
      ['client:ask', 'client:m', 'client:ore'],
    ],
    ['a retransmission with more', [stray(1_001, 'A', 'ask more')], ['client:ask', 'client: more']],
    [
      'one that covers a hole and what follows',
      [stray(1_008, 'A', 'c'), stray(1_004, 'A', 'moreca')],
      ['client:ask', 'client:moreca'],
    ],
    ['data without ACK', [stray(1_004, '', 'x')], ['client:ask']],
  ])('%s', (_name, packets, expected) => {
    expect(callsOf(new Conversation().open().client('ask').packets, packets)).toEqual([
      [...expected, 'close:capture-end'],
    ]);
  });
});

describe('the same ports used anew', () => {
  const first = () => new Conversation().open().client('one').server('first');
  const second = () => new Conversation({ clientSeq: 77_000_000, serverSeq: 5 }).open().client('two');
  const SECOND = ['client:two', 'close:capture-end'];

  test.each<[string, TestPacket[], string]>([
    ['after a close', first().close().packets, 'finished'],
    ['after a reset', first().reset().packets, 'reset'],
    ['although the end was not seen', first().packets, 'reused'],
  ])('%s', (_name, packets, reason) => {
    const expected = [['client:one', 'server:first', `close:${reason}`], SECOND];
    expect(callsOf(packets, second().packets)).toEqual(expected);
    expect(callsOf(packets, second().packets.slice(1))).toEqual(expected);
  });

  test('without the answer to the SYN', () => {
    const packets = second().packets.filter((_packet, index) => index !== 1);
    expect(callsOf(first().packets, packets)).toEqual([['client:one', 'server:first', 'close:reused'], SECOND]);
  });

  test('is not believed of a SYN alone', () => {
    const conversation = first();
    const before = [...conversation.packets];
    const after = conversation.client('more').packets.slice(before.length);
    expect(callsOf(before, second().packets.slice(0, 1), after)).toEqual([
      ['client:one', 'server:first', 'client:more', 'close:capture-end'],
    ]);
  });
});

describe('data with the SYN (TCP Fast Open)', () => {
  test('comes first', () => {
    const { packets } = new Conversation().send('client', 'S', 'early').send('server', 'SA', 'reply').client('more');
    expect(callsOf(packets)).toEqual([['client:early', 'server:reply', 'client:more', 'close:capture-end']]);
  });

  test('comes once though it is sent again', () => {
    const { packets } = new Conversation().send('client', 'S', 'early').send('server', 'SA');
    expect(callsOf(packets, [stray(1_001, 'PA', 'early bird')])).toEqual([
      ['client:early', 'client: bird', 'close:capture-end'],
    ]);
  });
});

test('both sides may open at once', () => {
  const packets = new Conversation().send('client', 'S').send('server', 'S').client('a').server('b').packets;
  expect(callsOf(packets)).toEqual([['client:a', 'server:b', 'close:capture-end']]);
});

test('a refused connection is none', () => {
  expect(callsOf(new Conversation().send('client', 'S').reset('server').packets)).toEqual([]);
});

test('listeners get the ticks of their connection', () => {
  const ticking = recorded(new Conversation().open().packets).tick(1).tick(1);
  expect(ticking.only.ticks).toBe(2);
});
