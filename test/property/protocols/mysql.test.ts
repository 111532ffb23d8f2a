import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Activity, Statement } from '../../../agent/protocols/activity.ts';
import { mysql } from '../../../agent/protocols/mysql/index.ts';
import { ProtocolViolation } from '../../../agent/protocols/protocol.ts';
import { SessionFacts } from '../../../agent/protocols/session-facts.ts';
import { client, hear, LIMITS, login, server, type Turn } from '../../support/mysql-conversation.ts';
import {
  CACHE_METADATA,
  CAPABILITY,
  closeStatement,
  command,
  err,
  execute,
  lenencString,
  MODERN,
  ok,
  packet,
  prepare,
  prepareOk,
  query,
  queryWithAttributes,
  resultSet,
  STATUS,
  sendLongData,
  uint64,
} from '../../support/mysql-wire.ts';
import { randomly } from '../../support/splits.ts';

/** What the two sides agreed on. */
interface Flavour {
  readonly deprecateEof: boolean;
  readonly cachedMetadata: boolean;
  readonly attributes: boolean;
}

const flavours: fc.Arbitrary<Flavour> = fc.record({
  deprecateEof: fc.boolean(),
  cachedMetadata: fc.boolean(),
  attributes: fc.boolean(),
});

function loginAs({ deprecateEof, cachedMetadata, attributes }: Flavour): Turn[] {
  const capabilities =
    (cachedMetadata ? MODERN & ~1 : MODERN) |
    (deprecateEof ? CAPABILITY.deprecateEof : 0) |
    (attributes ? CAPABILITY.queryAttributes : 0);
  const extendedCapabilities = cachedMetadata ? CACHE_METADATA : 0;
  return login(
    {
      capabilities: cachedMetadata ? ~1 : ~0,
      extendedCapabilities,
      version: cachedMetadata ? '11.4.2-MariaDB' : '8.4.3',
    },
    { capabilities, extendedCapabilities },
  );
}

/** A request with its answer; every statement's text says which it is, so that a wrong answer shows. */
type Exchange = (flavour: Flavour, number: number) => Turn[];

const rowBytes = fc.oneof({ weight: 4, arbitrary: fc.nat(60) }, { weight: 1, arbitrary: fc.nat(12_000) });

const ask = ({ attributes }: Flavour, sql: string): Buffer => (attributes ? queryWithAttributes(sql, []) : query(sql));

const sent: fc.Arbitrary<Exchange>[] = [
  fc.record({ rows: fc.nat(40), columns: fc.integer({ min: 1, max: 5 }), size: rowBytes, follows: fc.boolean() }).map(
    ({ rows, columns, size, follows }): Exchange =>
      (flavour, number) => {
        const { deprecateEof, cachedMetadata } = flavour;
        const metadata = cachedMetadata ? { metadata: { at: 'after' as const, follows } } : {};
        const row = lenencString(Buffer.alloc(size, 'r'));
        return [
          client(ask(flavour, `select ${number} from t where rows = ${rows}`)),
          server(resultSet({ rows, columns, row, deprecateEof, ...metadata })),
        ];
      },
  ),
  fc.nat(1000).map(
    (affectedRows): Exchange =>
      (flavour, number) => [
        client(ask(flavour, `update t set a = ${number} -- ${'x'.repeat(affectedRows * 3)}`)),
        server(ok({ affectedRows })),
      ],
  ),
  fc.constant<Exchange>((flavour, number) => [
    client(ask(flavour, `selec ${number}`)),
    server(err(1064, '42000', `no ${number}`)),
  ]),
  fc.nat(5).map(
    (affectedRows): Exchange =>
      (flavour, number) => [
        client(ask(flavour, `insert ${number}; insert again`)),
        server(ok({ affectedRows, status: STATUS.moreResults }), ok({ affectedRows }, 2)),
      ],
  ),
  fc.record({ times: fc.nat(3), size: fc.nat(3000) }).map(
    ({ times, size }): Exchange =>
      ({ deprecateEof, attributes }, number) => [
        client(prepare(`select ${number} where a = ? and b = ?`)),
        server(prepareOk({ id: number, parameters: 2, columns: 0, deprecateEof })),
        ...Array.from({ length: times }, (_, time) => [
          client(
            sendLongData(number, 1, Buffer.alloc(size, 'y')),
            execute({
              id: number,
              counted: attributes,
              bound: [
                { type: 8, value: uint64(BigInt(number)) },
                { type: 252, value: 'long' },
              ],
              types: time === 0,
            }),
          ),
          server(ok({ affectedRows: time })),
        ]).flat(),
        client(closeStatement(number)),
      ],
  ),
  fc.constant<Exchange>(() => [client(command(14)), server(ok())]),
];

/** The client sends the file when it is asked for, so that this is never in a pipeline. */
const fileSent = fc.constant<Exchange>((flavour, number) => [
  client(ask(flavour, `load data local infile ${number}`)),
  server(packet(1, [0xfb], 'x.csv')),
  client(packet(2, 'a,b\n'), packet(3, '')),
  server(ok({ affectedRows: 1 }, 4)),
]);

const talk = (list: fc.Arbitrary<Exchange>): fc.Arbitrary<Turn[]> =>
  fc
    .tuple(flavours, fc.array(list, { minLength: 1, maxLength: 8 }))
    .map(([flavour, chosen]) => [
      ...loginAs(flavour),
      ...chosen.flatMap((exchange, index) => exchange(flavour, index + 1)),
    ]);

const conversations = talk(fc.oneof(...sent, fileSent));

/**
 * Two exchanges at once: both requests, then both answers. It shows from the beginning: of a client that waits until
 * bytes are lost, and never again, nobody can know.
 */
const pipelines: fc.Arbitrary<Turn[]> = talk(fc.oneof(...sent)).map((turns) => {
  const said = turns.slice(3);
  const joined: Turn[] = [];
  for (let index = 0; index < said.length; index += 4) {
    const group = said.slice(index, index + 4);
    joined.push(...group.filter(({ from }) => from === 'client'), ...group.filter(({ from }) => from === 'server'));
  }
  return [...turns.slice(0, 3), client(command(14), command(14)), server(ok(), ok()), ...joined];
});

/** So many turns, the login and two pings at once, come before what may be lost of a pipeline. */
const PIPELINE_SHOWN = 5;

const told = (activities: readonly Activity[]): string => JSON.stringify(activities);

/** Feeds bytes to a decoder that starts anew where they broke the rules, as a session does. */
function survive(turns: readonly Turn[], capturedFromStart: boolean): Activity[] {
  const activities: Activity[] = [];
  const start = (fromStart: boolean) =>
    mysql.decode({
      facts: new SessionFacts('mysql'),
      limits: { ...LIMITS, textBytes: 300 },
      capturedFromStart: fromStart,
      report: (activity) => void activities.push(activity),
    });
  let decoder = start(capturedFromStart);
  for (const { from, bytes, lost } of turns) {
    try {
      if (lost === true) decoder.gap(from, bytes.length, 0);
      else decoder.data(from, bytes, 0, bytes.length, 0);
    } catch (error) {
      if (!(error instanceof ProtocolViolation)) throw error;
      decoder.close(0, 'evicted');
      decoder = start(false);
    }
  }
  decoder.tick(1e12);
  decoder.close(0, 'finished');
  return activities;
}

const SEGMENT_BYTES = 1448;

function inSegments(turns: readonly Turn[]): Turn[] {
  return turns.flatMap((turn) =>
    Array.from({ length: Math.ceil(turn.bytes.length / SEGMENT_BYTES) }, (_, index) => ({
      ...turn,
      bytes: turn.bytes.subarray(index * SEGMENT_BYTES, (index + 1) * SEGMENT_BYTES),
    })),
  );
}

const key = ({ action, text, operation, parameters }: Statement): string =>
  JSON.stringify([action, text ?? operation, parameters]);

describe('MySQL', () => {
  test('however the bytes are cut, the same is told', () => {
    fc.assert(
      fc.property(fc.oneof(conversations, pipelines), fc.nat(), fc.boolean(), (turns, seed, cut) => {
        const limits = cut ? { textBytes: 300 } : {};
        expect(told(hear(turns, { split: randomly(seed), limits }).activities)).toBe(
          told(hear(turns, { limits }).activities),
        );
      }),
      { numRuns: 150 },
    );
  });

  test('so too from the middle of a conversation', () => {
    fc.assert(
      fc.property(conversations, fc.nat(), (turns, seed) => {
        const said = turns.slice(3);
        const options = { capturedFromStart: false };
        expect(told(hear(said, { ...options, split: randomly(seed) }).activities)).toBe(
          told(hear(said, options).activities),
        );
      }),
      { numRuns: 100 },
    );
  });

  test('what was heard from the middle is told as it is from the start', () => {
    fc.assert(
      fc.property(conversations, (turns) => {
        const whole = hear(turns).statements;
        const middle = hear(turns.slice(3), { capturedFromStart: false }).statements;
        expect(middle.map(({ text, outcome, returnedRows }) => [text, outcome, returnedRows])).toEqual(
          whole.map(({ text, outcome, returnedRows }) => [text, outcome, returnedRows]),
        );
      }),
      { numRuns: 100 },
    );
  });

  test('random bytes are survived', () => {
    const turn = fc.record({
      from: fc.constantFrom('client' as const, 'server' as const),
      bytes: fc.uint8Array({ maxLength: 80 }).map((bytes) => Buffer.from(bytes)),
    });
    fc.assert(
      fc.property(fc.array(turn, { maxLength: 12 }), fc.boolean(), (turns, fromStart) => {
        survive(turns, fromStart);
      }),
      { numRuns: 2000 },
    );
  });

  test('conversations with bytes changed, left out or repeated are survived', () => {
    const damage = fc.record({ turn: fc.nat(), at: fc.nat(), kind: fc.nat(3), value: fc.nat(255) });
    fc.assert(
      fc.property(
        fc.oneof(conversations, pipelines),
        fc.array(damage, { minLength: 1, maxLength: 4 }),
        (turns, list) => {
          const damaged = [...turns];
          for (const { turn, at, kind, value } of list) {
            const index = turn % damaged.length;
            const victim = damaged[index];
            if (victim === undefined || victim.bytes.length === 0) continue;
            const bytes = Buffer.from(victim.bytes);
            const position = at % Math.min(bytes.length, 64);
            if (kind === 0) bytes[position] = value;
            if (kind === 3) damaged.splice(index, 0, victim);
            const cut = kind === 1 ? bytes.subarray(position) : kind === 2 ? bytes.subarray(0, position) : bytes;
            damaged[index] = { ...victim, bytes: cut };
          }
          survive(damaged, true);
        },
      ),
      { numRuns: 1500 },
    );
  });

  test('a lost segment costs what it touches and makes up nothing', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          { weight: 3, arbitrary: conversations.map((turns) => ({ turns, first: 0 })) },
          { weight: 1, arbitrary: pipelines.map((turns) => ({ turns, first: PIPELINE_SHOWN })) },
        ),
        fc.nat(),
        fc.boolean(),
        ({ turns, first }, nth, sized) => {
          const segments = inSegments(turns);
          const victim = first + (nth % (segments.length - first));
          const damaged = segments.map((turn, index) =>
            index === victim ? { ...turn, lost: true, bytes: sized ? turn.bytes : Buffer.alloc(0) } : turn,
          );
          const truth = new Map<string, Statement[]>();
          for (const statement of hear(segments, { limits: { textBytes: 300 } }).statements) {
            truth.set(key(statement), [...(truth.get(key(statement)) ?? []), statement]);
          }
          for (const statement of survive(damaged, true)) {
            if (statement.kind !== 'statement' || statement.notes?.includes('text-unseen')) continue;
            if (statement.notes?.includes('parameters-unseen')) continue;
            const same = truth.get(key(statement)) ?? [];
            if (statement.action === 'db.prepare') continue;
            const { outcome, affectedRows, returnedRows } = statement;
            const match = same.findIndex(
              (real) =>
                outcome.kind === 'unseen' ||
                (JSON.stringify(real.outcome) === JSON.stringify(outcome) &&
                  real.affectedRows === affectedRows &&
                  real.returnedRows === returnedRows),
            );
            expect([key(statement), outcome, match >= 0]).toEqual([key(statement), outcome, true]);
            same.splice(match, 1);
          }
        },
      ),
      { numRuns: 600 },
    );
  });

  test('a lost segment of rows or of one request costs at most two outcomes', () => {
    fc.assert(
      fc.property(conversations, fc.nat(), (turns, nth) => {
        const segments = inSegments(turns);
        const victim = 3 + (nth % Math.max(1, segments.length - 3));
        const damaged = segments.map((turn, index) => (index === victim ? { ...turn, lost: true } : turn));
        const whole = hear(segments).statements.filter(({ action }) => action !== 'db.prepare');
        const kept = hear(damaged).statements.filter(({ action }) => action !== 'db.prepare');
        expect(kept.length).toBeGreaterThanOrEqual(whole.length - 1);
        const answered = kept.filter(({ outcome }) => outcome.kind !== 'unseen');
        expect(answered.length).toBeGreaterThanOrEqual(whole.length - 2);
      }),
      { numRuns: 300 },
    );
  });
});
