import { describe, expect, test } from '@jest/globals';
import { RecordingReassembler } from '../../../support/recorded-streams.ts';
import { Conversation, type TestPacket } from '../../../support/segments.ts';

/** Without the packets at these places; negative ones count from the end. */
function without(packets: readonly TestPacket[], ...places: readonly number[]): TestPacket[] {
  const dropped = places.map((place) => (place < 0 ? packets.length + place : place));
  return packets.filter((_packet, index) => !dropped.includes(index));
}

/** Captured in another order; the times are those of the capture. */
function reordered(packets: readonly TestPacket[], from: number, to: number): TestPacket[] {
  const result = [...packets];
  result.splice(to, 0, ...result.splice(from, 1));
  return result.map((packet, index) => ({ ...packet, nanos: packets[index]?.nanos ?? 0 }));
}

function recorded(packets: readonly TestPacket[]): RecordingReassembler {
  return new RecordingReassembler().accept(packets);
}

function callsOf(packets: readonly TestPacket[]): string[] {
  return recorded(packets).tick(1).tick(1).tick(1).end().only.calls;
}

/** Packets 0–2 open, 3 greets, 4 asks, 5 answers, 6 asks, 7 answers, 8–10 close. */
function dialogue(): TestPacket[] {
  return new Conversation()
    .open()
    .server('greeting')
    .client('ask')
    .server('answer')
    .client('more')
    .server('last')
    .close().packets;
}
const DIALOGUE = ['server:greeting', 'client:ask', 'server:answer', 'client:more', 'server:last', 'close:finished'];

describe('a connection', () => {
  test('is described by its first packet', () => {
    const [first, ...rest] = new RecordingReassembler().accept(dialogue()).streams;
    expect(rest).toEqual([]);
    expect(first?.connection).toEqual({
      client: { ip: '10.0.0.1', port: 40_000 },
      server: { ip: '10.0.0.2', port: 3306 },
      ipVersion: 4,
      startedAt: 0,
      capturedFromStart: true,
      interfaceIndex: 7,
    });
  });

  test.each([
    ['the SYN', {}, 0, '10.0.0.1'],
    ['the answer to the SYN', {}, 1, '10.0.0.1'],
    ['the known port', {}, 3, '10.0.0.1'],
    ['the lower of two known ports', { client: { ip: '10.0.0.1', port: 33_060 } }, 3, '10.0.0.1'],
    ['the lower port', { server: { ip: '10.0.0.2', port: 5000 } }, 3, '10.0.0.1'],
    [
      'the SYN, whatever the ports',
      { client: { ip: '10.0.0.1', port: 3306 }, server: { ip: '10.0.0.2', port: 9 } },
      0,
      '10.0.0.1',
    ],
  ])('has its client told by %s', (_name, options, from, client) => {
    const { packets } = new Conversation(options).open().server('greeting').client('ask');
    expect(recorded(packets.slice(from)).only.connection.client.ip).toBe(client);
  });

  test('of IPv6 has its addresses as RFC 5952 writes them', () => {
    const conversation = new Conversation({
      client: { ip: '2001:db8:0:0:0:0:0:1', port: 1 },
      server: { ip: '::1', port: 3306 },
    });
    const { connection } = recorded(conversation.open().packets).only;
    expect([connection.client.ip, connection.server.ip, connection.ipVersion]).toEqual(['2001:db8::1', '::1', 6]);
  });

  test('that nobody wants is not followed', () => {
    const ignoring = new RecordingReassembler({}, () => false).accept(dialogue().slice(0, 8));
    expect(ignoring.reassembler.counters.connectionsOpen).toBe(1);
    ignoring.accept(dialogue().slice(8));
    expect(ignoring.reassembler.counters.connectionsOpen).toBe(0);
    expect(ignoring.tick(1).end().streams).toEqual([]);
  });

  test('is not opened by packets without data, nor by what follows its end', () => {
    const { packets } = new Conversation().open().client('bye').close();
    const acknowledgements = without(packets, 0, 1, 3);
    expect(recorded(acknowledgements).streams).toEqual([]);
    const late = recorded([...packets, ...packets])
      .tick(1)
      .accept(packets.slice(3))
      .end();
    expect(late.only.calls).toEqual(['client:bye', 'close:finished']);
  });
});

describe('bytes come in the order both sides can have seen them', () => {
  test('as captured', () => {
    expect(callsOf(dialogue())).toEqual(DIALOGUE);
  });

  test.each(
    dialogue()
      .slice(1)
      .map((_packet, place) => [place]),
  )('with packets %d and the next swapped', (place) => {
    expect(callsOf(reordered(dialogue(), place, place + 1))).toEqual(DIALOGUE);
  });

  test.each(
    dialogue()
      .slice(3)
      .map((_packet, place) => [place + 3]),
  )('with packet %d captured two or three places early', (place) => {
    expect(callsOf(reordered(dialogue(), place, place - 2))).toEqual(DIALOGUE);
    expect(callsOf(reordered(dialogue(), place, place - 3))).toEqual(DIALOGUE);
  });

  test.each(dialogue().map((_packet, place) => [place]))('with packet %d seen twice, also later', (place) => {
    const packets = dialogue();
    const again = packets.slice(place, place + 1);
    const { only, reassembler } = recorded([
      ...packets.slice(0, place + 1),
      ...again,
      ...packets.slice(place + 1),
    ]).end();
    expect(only.calls).toEqual(DIALOGUE);
    expect(reassembler.counters.retransmittedBytes).toBe(again[0]?.payloadBytes);
    expect(recorded([...packets, ...again]).end().only.calls).toEqual(DIALOGUE);
  });

  test('with every packet seen on two interfaces', () => {
    expect(callsOf(dialogue().flatMap((packet) => [packet, packet]))).toEqual(DIALOGUE);
  });

  test('and in time that never runs backwards', () => {
    const { times } = recorded(reordered(dialogue(), 5, 4)).end().only;
    expect(times).toEqual([...times].sort((a, b) => a - b));
  });

  test('though the greeting is acknowledged before it and the SYN-ACK are captured', () => {
    const { packets } = new Conversation().open().server('greeting').acknowledge('client').client('ask');
    expect(callsOf(reordered(packets, 4, 1))).toEqual(['server:greeting', 'client:ask', 'close:capture-end']);
  });

  test('though nothing of the server was captured before the greeting', () => {
    const { packets } = new Conversation().open().server('greeting').acknowledge('client').client('ask');
    const captured = without(packets, 1, 2);
    expect(recorded(captured).only.calls).toEqual(['server:greeting', 'client:ask']);
  });

  test('though the greeting comes in pieces, backwards and before the SYN-ACK', () => {
    const { packets } = new Conversation({ mss: 5 }).open().server('greeting').client('ask');
    const [syn, synAck, , first, second, ask] = packets;
    const captured = [syn, second, ask, synAck, first].filter((packet) => packet !== undefined);
    expect(callsOf(captured)).toEqual(['server:greet', 'server:ing', 'client:ask', 'close:capture-end']);
  });

  test('though one hole is filled late while there is another', () => {
    const conversation = new Conversation({ mss: 1 }).open().client('?');
    const pieces = conversation.server('abcdefghijklmnopqrst').packets.splice(4);
    const early = pieces.splice(0, 1);
    const late = pieces.splice(11, 1);
    const { packets: bare } = new Conversation({ clientSeq: 1_002, serverSeq: 900_014 }).acknowledge('client');
    const order = [pieces.slice(0, 1), bare, pieces.slice(1, 12), early, pieces.slice(12), late].flat();
    const { only } = recorded([...conversation.packets, ...order]).end();
    expect(only.text('server')).toBe('abcdefghijklmnopqrst');
  });

  test('across the end of the sequence numbers', () => {
    const packets = new Conversation({ clientSeq: 0xffff_fffe, serverSeq: 0x7fff_fffe, mss: 3 })
      .open()
      .server('greeting')
      .client('ask for more')
      .server('answer')
      .close().packets;
    const { only } = recorded(packets);
    expect([only.text('client'), only.text('server'), only.closed]).toEqual([
      'ask for more',
      'greetinganswer',
      'finished',
    ]);
  });
});

describe('what is lost is reported to the byte', () => {
  test.each<[string, number[], string[]]>([
    ['the SYN', [0], DIALOGUE],
    ['the answer to the SYN', [1], DIALOGUE],
    ['the whole handshake', [0, 1, 2], DIALOGUE],
    ['the greeting', [3], ['server:<8>', ...DIALOGUE.slice(1)]],
    ['the greeting and all before it but the SYN-ACK', [0, 2, 3], ['server:<8>', ...DIALOGUE.slice(1)]],
    ['a request', [4], ['server:greeting', 'client:<3>', ...DIALOGUE.slice(2)]],
    ['an answer', [5], [...DIALOGUE.slice(0, 2), 'server:<6>', ...DIALOGUE.slice(3)]],
    ['a request and its answer', [4, 5], ['server:greeting', 'client:<3>', 'server:<6>', ...DIALOGUE.slice(3)]],
    ['two requests', [4, 6], ['server:greeting', 'client:<3>', 'server:answer', 'client:<4>', ...DIALOGUE.slice(4)]],
    ['the last answer', [7], [...DIALOGUE.slice(0, 4), 'server:<4>', 'close:finished']],
    ['the first FIN', [8], DIALOGUE],
    ['the second FIN', [9], DIALOGUE],
    ['the last answer and its FIN', [7, 9], [...DIALOGUE.slice(0, 4), 'server:<4>', 'close:finished']],
    ['the last acknowledgement', [10], DIALOGUE],
  ])('%s', (_name, places, expected) => {
    expect(callsOf(without(dialogue(), ...places))).toEqual(expected);
  });

  test.each([
    ['the last answer before a reset', 'client', ['client:ask', 'server:<6>', 'close:reset']],
    ['the last answer before the server resets', 'server', ['client:ask', 'server:<6>', 'close:reset']],
  ] as const)('%s', (_name, side, expected) => {
    const { packets } = new Conversation().open().client('ask').server('answer').reset(side);
    expect(callsOf(without(packets, 4))).toEqual(expected);
  });

  test('which a FIN is not', () => {
    const { packets } = new Conversation()
      .open()
      .client('ask')
      .server('answer')
      .send('server', 'FA')
      .acknowledge('client');
    expect(callsOf(without(packets, 5))).toEqual(['client:ask', 'server:answer', 'close:capture-end']);
    const quits = new Conversation().open().client('ask').send('server', 'FA').client('quit').reset('server').packets;
    expect(callsOf(without(quits, 4))).toEqual(['client:ask', 'client:quit', 'close:reset']);
  });

  test('also where it is a single byte that could have been a FIN', () => {
    const conversation = new Conversation().open().client('ask').server('N').client('so');
    const waiting = recorded(without(conversation.packets, 4)).tick(1).tick(1).tick(1);
    expect(waiting.only.calls).toEqual(['client:ask', 'client:so']);
    waiting.accept(conversation.server('yes').packets.slice(6)).end();
    expect(waiting.only.calls.slice(2)).toEqual(['server:<1>', 'server:yes', 'close:capture-end']);
  });

  test('before what waited for it, in the order of the capture', () => {
    const opened = new Conversation().open();
    const [, one] = opened.client('lost').server('one').packets.slice(3);
    const simultaneous = new Conversation({ clientSeq: 1_005, serverSeq: 900_001 }).send('client', 'PA', 'two').packets;
    const captured = [...opened.packets.slice(0, 3), ...(one ? [one] : []), ...simultaneous];
    expect(callsOf(captured)).toEqual(['client:<4>', 'server:one', 'client:two', 'close:capture-end']);
    expect(callsOf(reordered(captured, 4, 3))).toEqual(['client:<4>', 'client:two', 'server:one', 'close:capture-end']);
  });

  test('as soon as 16 packets have come without it, although it was acknowledged', () => {
    const conversation = new Conversation().open().client('lost').server('answer');
    for (let round = 0; round < 7; round++) conversation.client('ask').server('answer');
    const { packets } = conversation.client('x');
    const before = recorded(without(packets, 3)).only;
    expect(before.calls).toEqual([]);
    const after = recorded(without(conversation.server('y').client('z').packets, 3)).only;
    expect(after.calls.slice(0, 3)).toEqual(['client:<4>', 'server:answer', 'client:ask']);
  });

  test('after three ticks without packets', () => {
    const { packets } = new Conversation().open().client('lost').server('answer');
    const waiting = recorded(without(packets, 3));
    expect(waiting.tick(1).tick(1).only.calls).toEqual([]);
    expect(waiting.tick(1).only.calls).toEqual(['client:<4>', 'server:answer']);
  });

  test('but not while the sender will send it again', () => {
    const conversation = new Conversation({ mss: 4 })
      .open()
      .client('ask')
      .server(Buffer.alloc(4 * 40, 'abcd'));
    const [lost, ...rest] = conversation.packets.slice(4);
    const waiting = recorded([...conversation.packets.slice(0, 4), ...rest])
      .tick(1)
      .tick(1)
      .tick(1)
      .tick(1);
    expect(waiting.only.calls).toEqual(['client:ask']);
    if (lost !== undefined) waiting.accept([lost]);
    expect(waiting.only.text('server')).toBe('abcd'.repeat(40));
    expect(waiting.only.gapBytes).toEqual({ client: 0, server: 0 });
  });

  test('when only one direction is captured', () => {
    const conversation = new Conversation().open();
    for (let round = 0; round < 40; round++) conversation.client(`ask ${round};`).server('answer');
    const oneWay = recorded(conversation.packets.filter(({ from }) => from === 'client'));
    // Once the other side is known to be unseen, nothing waits for it.
    expect(oneWay.only.calls.at(-1)).toBe('client:ask 39;');
    expect(oneWay.end().only.gapBytes).toEqual({ client: 0, server: 40 * 6 - 6 });
    expect(oneWay.only.text('client')).toMatch(/^ask 0;.*ask 39;$/);
  });

  test('though billions of bytes follow', () => {
    const { packets } = new Conversation().open().server('abc').acknowledge('client');
    const huge = recorded(reordered(packets, 4, 3));
    const each = 50_000_000;
    for (let number = 0; number < 60; number++) {
      const [packet] = new Conversation({ clientSeq: 1_001, serverSeq: 900_004 + number * each }).send(
        'server',
        'A',
      ).packets;
      // A segment too large for IPv4's length field, of which only the headers were captured.
      packet?.bytes.writeUInt16BE(0, 16);
      huge.acceptBytes(packet?.bytes ?? Buffer.alloc(0), 1, 54 + each);
    }
    expect(huge.end().only.gapBytes).toEqual({ client: 0, server: 60 * each });
  });

  test('though not how much, when the capture pauses for longer than any window', () => {
    const before = new Conversation().open().client('ask').packets;
    const later = new Conversation({ clientSeq: 1_004 + 100 * 1024 * 1024, serverSeq: 900_001 });
    later.client('a').client('b').client('c').client('d');
    // The first two are taken for damage, the third convinces. How much is lost cannot be told modulo 2^32.
    expect(callsOf([...before, ...later.packets]).slice(1, 4)).toEqual(['client:<0>', 'client:c', 'client:d']);
  });

  test('when the snap length cut it off', () => {
    const { packets } = new Conversation().open().client('a long statement');
    const again = new Conversation().open().client('a long st').packets.slice(3);
    const cut = (recording: RecordingReassembler): string[] => {
      for (const { bytes } of packets.slice(3)) {
        recording.acceptBytes(bytes.subarray(0, bytes.length - 10), 1, bytes.length);
      }
      return recording.end().only.calls;
    };
    const opened = packets.slice(0, 3);
    expect(cut(recorded(opened))).toEqual(['client:a long', 'client:<10>', 'close:capture-end']);
    expect(cut(recorded([...opened, ...again]))).toEqual(['client:a long st', 'client:<7>', 'close:capture-end']);
  });
});
