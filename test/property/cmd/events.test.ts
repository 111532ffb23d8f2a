import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { CompactFormat } from '../../../cmd/events/formats/compact.ts';
import { createTimeFormat } from '../../../cmd/events/formats/time-format.ts';
import { isGap } from '../../../cmd/events/kinds.ts';
import { KnownAddresses } from '../../../cmd/events/known-addresses.ts';
import { splitLines } from '../../../cmd/events/log-lines.ts';
import { readLine } from '../../../cmd/events/received.ts';
import { SequenceCheck } from '../../../cmd/events/sequence-check.ts';
import { mergeByKey } from '../../../cmd/events/stream/merge.ts';
import { textWidth } from '../../../cmd/output/text-width.ts';
import { ACTIONS, type AuditEvent, auditEventSchema } from '../../../contract/audit-event.ts';
import { auditEvent, encryptedSession, packetGap } from '../../support/audit-events.ts';
import { filterOf } from '../../support/filters.ts';

/** Few values, so that filters match and miss about as often. */
const name = fc.constantFrom('app', 'root', 'shop', 'orders', 'users');

const statement: fc.Arbitrary<AuditEvent> = fc
  .record({
    action: fc.constantFrom(...ACTIONS),
    outcome: fc.constantFrom('success', 'failure', 'unknown'),
    category: fc.constantFrom('database', 'authentication', 'session'),
    duration: fc.option(fc.nat(1_000_000_000), { nil: undefined }),
    user: fc.option(name, { nil: undefined }),
    database: fc.option(name, { nil: undefined }),
    table: name,
    operation: fc.option(fc.constantFrom('SELECT', 'DROP TABLE'), { nil: undefined }),
    text: fc.option(fc.string({ unit: 'binary' }), { nil: undefined }),
    rows: fc.option(fc.nat(10), { nil: undefined }),
    ip: fc.constantFrom('10.244.0.7', '10.1.2.3', 'fd00::2', undefined),
    pod: fc.option(name, { nil: undefined }),
    error: fc.option(fc.string({ unit: 'binary' }), { nil: undefined }),
  })
  .map((drawn) => {
    const { action, outcome, category, duration, user, database, table, operation, text, rows, ip, pod, error } = drawn;
    const event = auditEvent({
      event: { action, outcome, category: [category], duration },
      db: {
        namespace: database,
        operation: operation === undefined ? undefined : { name: operation },
        query: { text },
        response: { returned_rows: rows },
      },
      statement: { tables: [table] },
      rest: {
        user: user === undefined ? undefined : { name: user },
        client: ip === undefined ? undefined : { ip, port: 40_000 },
        kubernetes: pod === undefined ? undefined : { namespace: 'shop', pod: { name: pod } },
        error: error === undefined ? undefined : { code: '1', message: error },
      },
    });
    return auditEventSchema.parse(JSON.parse(JSON.stringify(event)));
  });

const gap = fc.constantFrom(packetGap(), encryptedSession());
const event = fc.oneof({ weight: 4, arbitrary: statement }, { weight: 1, arbitrary: gap });

/** One filter with a value, as it stands on the command line. */
const filter: fc.Arbitrary<readonly string[]> = fc.oneof(
  fc.tuple(fc.constantFrom('--db-user', '--db', '--table', '--pod'), name).map(([flag, value]) => [flag, value]),
  fc.tuple(fc.constantFrom('-i', '-e'), fc.constantFrom('a', '^S', '.', 'x$')).map(([flag, value]) => [flag, value]),
  fc.constantFrom('10.244.0.7', '10.0.0.0/8', 'shop/*', ':40000').map((value) => ['--from', value]),
  fc.constantFrom('query', 'auth', 'session', 'error', 'agent', 'api').map((value) => ['--kind', value]),
  fc.constantFrom('select', 'drop', 'read', 'ddl').map((value) => ['--operation', value]),
  fc.constantFrom('0s', '1ms', '500ms').map((value) => ['--slower', value]),
  fc.nat(10).map((value) => ['--rows-over', String(value)]),
  fc
    .constantFrom('user.name == "app"', 'event.duration > 1000', '!has(error.code)')
    .map((value) => ['--filter', value]),
  fc.constant(['--errors']),
);

describe('filters', () => {
  test('what is negated is the rest', async () => {
    await fc.assert(
      fc.asyncProperty(event, filter, async (event, words) => {
        fc.pre(!isGap(event));
        const [with_, without] = [await filterOf(...words), await filterOf('--not', ...words)];
        expect(with_(event)).toBe(!without(event));
      }),
    );
  });

  test('no filter but those of places hides a gap', async () => {
    await fc.assert(
      fc.asyncProperty(gap, fc.array(fc.tuple(fc.boolean(), filter), { maxLength: 5 }), async (gap, filters) => {
        const words = filters
          .filter(([, [flag]]) => flag !== '--from' && flag !== '--pod')
          .flatMap(([negated, words]) => [...(negated ? ['--not'] : []), ...words]);
        expect((await filterOf(...words))(gap)).toBe(true);
      }),
    );
  });

  test('more of other names pass less, more values of one name pass more', async () => {
    await fc.assert(
      fc.asyncProperty(event, filter, filter, name, name, async (event, first, second, one, other) => {
        fc.pre(first[0] !== second[0] && !isGap(event));
        const both = (await filterOf(...first, ...second))(event);
        expect(both).toBe((await filterOf(...first))(event) && (await filterOf(...second))(event));
        const either = (await filterOf('--db', `${one},${other}`))(event);
        expect(either).toBe((await filterOf('--db', one, '--db', other))(event));
        expect(either).toBe((await filterOf('--db', one))(event) || (await filterOf('--db', other))(event));
      }),
    );
  });
});

describe('lines', () => {
  test('any split of the bytes gives the same lines', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ unit: 'grapheme' }).map((text) => text.replace(/[\r\n]/g, ''))),
        fc.array(fc.nat(20)),
        async (lines, sizes) => {
          const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''));
          async function* pieces() {
            let start = 0;
            for (const size of [...sizes, bytes.length]) {
              yield bytes.subarray(start, start + size);
              start += size;
            }
          }
          const read: string[] = [];
          for await (const { text, end } of splitLines(pieces())) {
            expect(end).toBe('newline');
            read.push(text);
          }
          expect(read).toEqual(lines);
        },
      ),
    );
  });

  test('whatever a line holds, it is read or told to be no event', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          statement.map((event) => JSON.stringify(event)),
        ),
        fc.nat(2000),
        (line, cut) => {
          expect(['event', 'unreadable', 'other']).toContain(readLine(line).kind);
          expect(['event', 'unreadable', 'other']).toContain(readLine(line.slice(0, cut)).kind);
        },
      ),
    );
  });

  test('no compact line is wider than the terminal or can do anything to it', () => {
    fc.assert(
      fc.property(
        fc.array(event, { minLength: 1, maxLength: 10 }),
        fc.integer({ min: 80, max: 220 }),
        (events, width) => {
          const format = new CompactFormat({
            width: () => width,
            paint: (_, text) => text,
            time: createTimeFormat('time', 'UTC'),
            known: new KnownAddresses(),
            highlight: [],
          });
          for (const event of events)
            for (const line of format.lines({ event, line: '' })) {
              expect(textWidth(line)).toBeLessThanOrEqual(width);
              expect(line).not.toMatch(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/u);
            }
        },
      ),
    );
  });
});

describe('the numbers of an agent', () => {
  test('whatever is read twice is given once, and what is missing is counted', () => {
    fc.assert(
      fc.property(
        fc.nat(200),
        fc.uniqueArray(fc.nat(200)),
        fc.array(fc.tuple(fc.nat(200), fc.nat(50))),
        (count, lost, losses) => {
          const events = Array.from({ length: count }, (_, sequence) =>
            auditEvent({ sequence, at: `2026-01-02T03:04:05.${String(sequence).padStart(9, '0')}Z` }),
          ).filter(({ event }) => event.sequence === 0 || !lost.includes(event.sequence));
          const check = new SequenceCheck();
          const given: number[] = [];
          let missing = 0;
          const read = (from: number, to: number) => {
            for (const event of events.slice(from, to)) {
              const verdict = check.next(event);
              if (verdict.kind === 'repeated') continue;
              if (verdict.kind === 'after-hole') missing += verdict.missing;
              given.push(event.event.sequence);
            }
          };
          // A connection that is lost after `length` events, and begins anew up to `back` events before.
          let at = 0;
          for (const [length, back] of losses) {
            read(Math.max(0, at - back), at + length);
            at = Math.min(events.length, at + length);
          }
          read(Math.max(0, at - 10), events.length);
          expect(given).toEqual(events.map(({ event }) => event.sequence));
          const last = events.at(-1)?.event.sequence ?? -1;
          expect(missing).toBe(last + 1 - events.length);
        },
      ),
    );
  });
});

test('a merge keeps each stream’s order, and orders all where they are ordered themselves', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.array(fc.nat(50)).map((keys) => keys.sort((a, b) => a - b)),
        { maxLength: 6 },
      ),
      async (streams) => {
        async function* stream(keys: readonly number[], of: number) {
          for (const key of keys) yield { key: String(key).padStart(3, '0'), item: { key, of } };
        }
        const merged: { readonly key: number; readonly of: number }[] = [];
        for await (const item of mergeByKey(streams.map(stream))) merged.push(item);
        expect(merged.map(({ key }) => key)).toEqual(streams.flat().sort((a, b) => a - b));
        for (const [of, keys] of streams.entries())
          expect(merged.filter((item) => item.of === of).map(({ key }) => key)).toEqual(keys);
      },
    ),
  );
});
