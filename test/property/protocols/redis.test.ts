import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ProtocolViolation } from '../../../agent/protocols/protocol.ts';
import { aggregate, bulk, client, command, gist, hear, line, server, type Turn } from '../../support/redis-wire.ts';
import { BYTE_BY_BYTE, randomly } from '../../support/splits.ts';

/** After a loss, a value that holds a command right where a segment begins is taken for one: nothing on the wire tells. */
const COMMAND_IN_A_VALUE = '*1\r\n$4\r\nPING\r\n';

const argument = fc.oneof(
  fc.stringMatching(/^[a-z0-9:]{1,12}$/),
  fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
  fc.constantFrom('with space', '"', '你好', 'a\r\nb', COMMAND_IN_A_VALUE, '>x', 'AUTH'),
  fc.nat(600).map((length) => 'v'.repeat(length)),
);
const name = fc.constantFrom('GET', 'SET', 'del', 'MGET', 'HSET', 'XADD', 'EVAL', 'CONFIG', 'NO.SUCH', 'WATCH');
const request = fc.tuple(name, fc.array(argument, { maxLength: 5 })).map(([first, rest]) => command(first, ...rest));
const { value } = fc.letrec<{ value: Buffer }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    fc.constantFrom('+OK', ':42', '$-1', '*-1', '_', '#t', ',1.5', '-ERR no such key', '*0').map(line),
    fc.nat(600).map((length) => bulk('r'.repeat(length))),
    fc
      .tuple(fc.constantFrom('*', '~'), fc.array(tie('value'), { maxLength: 4 }))
      .map(([type, items]) => aggregate(type, ...items)),
    fc.array(fc.tuple(tie('value'), tie('value')), { maxLength: 3 }).map((pairs) => aggregate('%', ...pairs.flat())),
  ),
}));
const push = fc.constant(aggregate('>', 'message', 'news', 'hello'));

/** A client that sends one or more commands and waits for their answers. */
const turns = fc
  .array(
    fc.array(fc.tuple(request, value, fc.option(push, { nil: Buffer.alloc(0) })), { minLength: 1, maxLength: 4 }),
    {
      minLength: 1,
      maxLength: 8,
    },
  )
  .map((bursts) =>
    bursts.flatMap((burst): Turn[] => [
      client(...burst.map(([sent]) => sent)),
      server(...burst.map(([, answer, pushed]) => Buffer.concat([pushed, answer]))),
    ]),
  );

describe('a conversation', () => {
  test('is heard alike however it is cut', () => {
    fc.assert(
      fc.property(turns, fc.nat(), (conversation, seed) => {
        const whole = hear(conversation);
        expect(hear(conversation, { split: randomly(seed) })).toEqual(whole);
        expect(hear(conversation, { split: BYTE_BY_BYTE })).toEqual(whole);
        expect(hear(conversation, { limits: { textBytes: 256 }, split: randomly(seed) })).toEqual(
          hear(conversation, { limits: { textBytes: 256 } }),
        );
      }),
      { numRuns: 50 },
    );
  });

  test('with one lost segment has no statement, and no pair, that it has not when whole', () => {
    fc.assert(
      fc.property(turns, fc.nat(), fc.integer({ min: 20, max: 1448 }), (conversation, choice, segmentBytes) => {
        fc.pre(!conversation.some((turn) => 'bytes' in turn && turn.bytes.includes(`$14\r\n${COMMAND_IN_A_VALUE}`)));
        const segments = conversation.flatMap((turn) => ('bytes' in turn ? cut(turn, segmentBytes) : [turn]));
        const lostIndex = choice % segments.length;
        const lossy = segments.map((turn, index): Turn => {
          if (index !== lostIndex || !('bytes' in turn)) return turn;
          return { from: turn.from, lost: turn.bytes.length };
        });
        const whole = new Set(hear(segments).statements.map(identity));
        const texts = new Set([...whole].map((known) => known.split('\n', 1)[0]));
        for (const statement of hear(lossy).statements) {
          if (statement.text === undefined) continue;
          if (statement.outcome.kind === 'unseen') expect(texts).toContain(identity(statement).split('\n', 1)[0]);
          else expect(whole).toContain(identity(statement));
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('whatever the bytes', () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array)),
    fc
      .array(
        fc.oneof(
          request,
          value,
          fc
            .constantFrom('*1\r\n', '$5\r\n', '$?\r\n', ';3\r\n', '\r\n', '*-1\r\n', '|1\r\n', '.\r\n')
            .map((text) => Buffer.from(text)),
        ),
      )
      .map((parts) => Buffer.concat(parts)),
  );
  const mutated = fc
    .tuple(bytes, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }))
    .map(([buffer, changes]) => {
      const changed = Buffer.from(buffer);
      for (const [at, byte] of changes) if (changed.length > 0) changed[at % changed.length] = byte;
      return changed;
    });
  const side = fc.constantFrom('client' as const, 'server' as const);
  const turn = fc.oneof(
    { weight: 5, arbitrary: fc.record({ from: side, bytes: mutated }) },
    { weight: 1, arbitrary: fc.record({ from: side, lost: fc.nat(300) }) },
    { weight: 1, arbitrary: fc.record({ waitNanos: fc.nat(20e9) }) },
  );

  test('nothing but a ProtocolViolation is thrown', () => {
    fc.assert(
      fc.property(
        fc.array(turn, { maxLength: 10 }),
        fc.boolean(),
        fc.nat(),
        (conversation, capturedFromStart, seed) => {
          try {
            hear(conversation, {
              capturedFromStart,
              split: randomly(seed),
              limits: { textBytes: 256, pendingStatements: 16 },
            });
          } catch (error) {
            expect(error).toBeInstanceOf(ProtocolViolation);
          }
        },
      ),
      { numRuns: 1500 },
    );
  });
});

function cut(turn: { readonly from: 'client' | 'server'; readonly bytes: Buffer }, size: number): Turn[] {
  const pieces: Turn[] = [];
  for (let start = 0; start < turn.bytes.length; start += size) {
    pieces.push({ from: turn.from, bytes: turn.bytes.subarray(start, start + size) });
  }
  return pieces;
}

/** Text, and how it was answered; the bytes of the answer tell one answer from another. */
function identity(statement: Parameters<typeof gist>[0]): string {
  return `${statement.text}\n${gist(statement)} ${statement.responseBytes}`;
}
