import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Activity, Statement } from '../../../agent/protocols/activity.ts';
import { ProtocolViolation } from '../../../agent/protocols/protocol.ts';
import { brief, byteByByte, decode, login, randomCuts, type Step } from '../../support/postgres-conversation.ts';
import { client as c, server as s } from '../../support/postgres-wire.ts';

type Exchange = { readonly request: readonly Buffer[]; readonly answer: readonly Buffer[] };
type MakeExchange = (index: number) => Exchange;

const row = s.dataRow('Z\0\0\0\x05Index', 'Q\0\0\0\x09drop\0', null);
const divisionByZero = s.error({ code: '22012', message: 'division by zero' });

/** Each statement's text and row count are its own, so that a wrong pairing shows. */
const kinds: Readonly<Record<string, MakeExchange>> = {
  update: (index) => ({ request: [c.query(`update ${index}`)], answer: [s.complete(`UPDATE ${index}`), s.ready()] }),
  select: (index) => ({
    request: [c.query(`select ${index}`)],
    answer: [s.rowDescription('a', 'b'), ...new Array(index % 5).fill(row), s.complete(`SELECT ${index % 5}`), s.ready()],
  }),
  failure: (index) => ({ request: [c.query(`fail ${index}`)], answer: [divisionByZero, s.ready('E')] }),
  several: (index) => ({
    request: [c.query(`first ${index}; second ${index}; third ${index}`)],
    answer: [s.complete(`UPDATE ${index}`), divisionByZero, s.ready()],
  }),
  unnamed: (index) => ({
    request: [c.parse(`unnamed ${index} $1`), c.bind({ values: [`${index}`] }), c.describe('P'), c.execute(), c.sync()],
    answer: [s.parseComplete(), s.bindComplete(), s.noData(), s.complete(`DELETE ${index}`), s.ready()],
  }),
  named: (index) => ({
    request: [c.bind({ name: 'known', values: [`${index}`, 'SQ\0\0\0\x07ab\0'] }), c.execute(), c.sync()],
    answer: [s.bindComplete(), s.complete(`INSERT 0 ${index}`), s.ready()],
  }),
  skipped: (index) => ({
    request: [
      ...[c.parse(`bad ${index}`), c.bind(), c.execute()],
      ...[c.parse(`never ${index}`), c.bind(), c.execute(), c.sync()],
    ],
    answer: [s.parseComplete(), s.bindComplete(), divisionByZero, s.ready()],
  }),
  prepare: (index) => ({
    request: [c.parse(`prepared ${index}`, `s${index}`), c.describe('S', `s${index}`), c.sync()],
    answer: [s.parseComplete(), s.parameterDescription(), s.noData(), s.ready()],
  }),
};

const preparing: readonly Step[] = [
  ['client', c.parse('known $1 $2', 'known'), c.sync()],
  ['server', s.parseComplete(), s.ready()],
];

const exchanges = fc
  .array(fc.constantFrom(...Object.keys(kinds)), { minLength: 1, maxLength: 12 })
  .map((names) => names.map((name, index) => (kinds[name] ?? kinds['update'] ?? neverMade)(index + 1)));

function neverMade(): Exchange {
  return { request: [], answer: [] };
}

/** One step a segment: each side's messages of an exchange, cut at `cuts` of their bytes. */
function segments(side: 'client' | 'server', messages: readonly Buffer[], cut: number): Step[] {
  const bytes = Buffer.concat(messages);
  const at = 1 + (cut % Math.max(1, bytes.length));
  return at >= bytes.length ? [[side, bytes]] : [[side, bytes.subarray(0, at)], [side, bytes.subarray(at)]];
}

/** The client waits for each answer. */
function lockStep(list: readonly Exchange[], cut: number): Step[] {
  return list.flatMap(({ request, answer }, index) => [
    ...segments('client', request, cut * (index + 1)),
    ...segments('server', answer, cut * (index + 2)),
  ]);
}

/** The client asks two by two before it is answered. */
function pipelined(list: readonly Exchange[], cut: number): Step[] {
  const pairs = list.flatMap((exchange, index) => (index % 2 === 0 ? [[exchange, list[index + 1] ?? exchange]] : []));
  return pairs.flatMap((pair) => [
    ...pair.flatMap(({ request }, index) => segments('client', request, cut * (index + 1))),
    ...pair.flatMap(({ answer }, index) => segments('server', answer, cut * (index + 2))),
  ]);
}

function lose(steps: readonly Step[], index: number): readonly Step[] {
  return steps.map((step, at): Step => {
    if (at !== index || step[0] === 'lost' || step[0] === 'wait') return step;
    return ['lost', step[0], Buffer.concat(step.slice(1) as Buffer[]).length];
  });
}

const isStatement = (activity: Activity): activity is Statement => activity.kind === 'statement';
const identity = ({ text, parameters }: Statement): string => JSON.stringify([text, parameters]);
const result = ({ outcome, affectedRows, returnedRows }: Statement) => ({ outcome, affectedRows, returnedRows });

const decodeOrStop = (steps: readonly Step[], fromStart: boolean): readonly Activity[] =>
  decode(steps, { fromStart }).activities;

describe('PostgreSQL', () => {
  test('any split of the bytes gives the same activities', () => {
    fc.assert(
      fc.property(exchanges, fc.boolean(), fc.nat(1000), fc.nat(), (list, pipelines, cut, seed) => {
        const steps = [...login, ...preparing, ...(pipelines ? pipelined : lockStep)(list, cut)];
        const whole = decode(steps);
        expect(decode(steps, { cut: byteByByte })).toEqual(whole);
        expect(decode(steps, { cut: randomCuts(seed) })).toEqual(whole);
      }),
      { numRuns: 150 },
    );
  });

  test.each([
    ['a client that waits', lockStep],
    ['a client that pipelines', pipelined],
  ])('%s: a lost segment invents nothing, pairs nothing wrongly, and costs little', (_name, arrange) => {
    fc.assert(
      fc.property(exchanges, fc.nat(1000), fc.nat(), (list, cut, lost) => {
        const talk = arrange(list, cut);
        // The first exchange shows whether the client waits for answers.
        const [first = [] as unknown as Step] = [arrange(list.slice(0, 1).concat(list.slice(0, 1)), 0)];
        const steps = [...login, ...preparing, ...(first as Step[]), ...talk];
        const index = steps.length - talk.length + (lost % talk.length);
        const whole = decodeOrStop(steps, true).filter(isStatement);
        const lossy = decodeOrStop(lose(steps, index), true).filter(isStatement);
        const known = new Map<string, Statement[]>();
        for (const statement of whole) {
          known.set(identity(statement), [...(known.get(identity(statement)) ?? []), statement]);
        }
        for (const statement of lossy) {
          if (statement.text === undefined || identity(statement).includes('null')) continue;
          const originals = known.get(identity(statement));
          const original = originals?.shift();
          expect([identity(statement), original]).toEqual([identity(statement), expect.anything()]);
          if (original === undefined || statement.outcome.kind === 'unseen') continue;
          const { outcome, affectedRows, returnedRows } = result(original);
          expect(statement.outcome).toEqual(outcome);
          expect([affectedRows, undefined]).toContain(statement.affectedRows);
          expect([returnedRows, undefined]).toContain(statement.returnedRows);
        }
        expect(lossy.length).toBeLessThanOrEqual(whole.length);
        const answered = (list_: readonly Statement[]) => list_.filter(({ outcome }) => outcome.kind !== 'unseen').length;
        if (arrange === lockStep) expect(answered(lossy)).toBeGreaterThanOrEqual(answered(whole) - 2);
      }),
      { numRuns: 400 },
    );
  });

  test('a capture that begins anywhere invents nothing', () => {
    fc.assert(
      fc.property(exchanges, fc.nat(1000), fc.nat(), (list, cut, from) => {
        const steps = [...login, ...preparing, ...lockStep(list, cut)];
        const whole = decodeOrStop(steps, true).filter(isStatement).map(brief);
        const later = decodeOrStop(steps.slice(2 + (from % (steps.length - 2))), false).filter(isStatement);
        for (const statement of later) {
          if (statement.text !== undefined && statement.outcome.kind !== 'unseen') expect(whole).toContain(brief(statement));
        }
      }),
      { numRuns: 200 },
    );
  });

  test('whatever the bytes, nothing but ProtocolViolation is thrown', () => {
    const mutation = fc.record({ at: fc.nat(), value: fc.nat(255), kind: fc.constantFrom('set', 'cut', 'double') });
    const noise = fc.uint8Array({ maxLength: 40 });
    fc.assert(
      fc.property(exchanges, fc.array(mutation, { maxLength: 6 }), noise, fc.nat(), (list, mutations, bytes, seed) => {
        const steps = [...login, ...lockStep(list, seed % 97)].map((step): Step => {
          if (step[0] === 'lost' || step[0] === 'wait') return step;
          let data = Buffer.concat(step.slice(1) as Buffer[]);
          for (const { at, value, kind } of mutations) {
            if (kind === 'set') data[at % data.length] = value;
            else if (kind === 'cut') data = data.subarray(0, Math.max(1, at % data.length));
            else data = Buffer.concat([data, Buffer.from(bytes), data]).subarray(0, 4096);
          }
          return at(seed, data.length) ? ['lost', step[0], data.length] : [step[0], data];
        });
        for (const fromStart of [true, false]) {
          try {
            decode(steps, { fromStart, cut: randomCuts(seed) });
          } catch (error) {
            expect(error).toBeInstanceOf(ProtocolViolation);
          }
        }
      }),
      { numRuns: 600 },
    );
  });
});

function at(seed: number, length: number): boolean {
  return (seed ^ length) % 11 === 0;
}
