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

const update: MakeExchange = (index) => ({
  request: [c.query(`update ${index}`)],
  answer: [s.complete(`UPDATE ${index}`), s.ready()],
});

/** Each statement's text and row count are its own, so that a wrong pairing shows. */
const makers: readonly MakeExchange[] = [
  update,
  (index) => ({
    request: [c.query(`select ${index}`)],
    answer: [
      s.rowDescription('a', 'b'),
      ...new Array(index % 5).fill(row),
      s.complete(`SELECT ${index % 5}`),
      s.ready(),
    ],
  }),
  (index) => ({ request: [c.query(`fail ${index}`)], answer: [divisionByZero, s.ready('E')] }),
  (index) => ({
    request: [c.query(`first ${index}; second ${index}; third ${index}`)],
    answer: [s.complete(`UPDATE ${index}`), divisionByZero, s.ready()],
  }),
  (index) => ({
    request: [c.parse(`unnamed ${index} $1`), c.bind({ values: [`${index}`] }), c.describe('P'), c.execute(), c.sync()],
    answer: [s.parseComplete(), s.bindComplete(), s.noData(), s.complete(`DELETE ${index}`), s.ready()],
  }),
  (index) => ({
    request: [c.bind({ name: 'known', values: [`${index}`, 'SQ\0\0\0\x07ab\0'] }), c.execute(), c.sync()],
    answer: [s.bindComplete(), s.complete(`INSERT 0 ${index}`), s.ready()],
  }),
  (index) => ({
    request: [
      ...[c.parse(`bad ${index}`), c.bind(), c.execute()],
      ...[c.parse(`never ${index}`), c.bind(), c.execute(), c.sync()],
    ],
    answer: [s.parseComplete(), s.bindComplete(), divisionByZero, s.ready()],
  }),
  (index) => ({
    request: [c.parse(`prepared ${index}`, `s${index}`), c.describe('S', `s${index}`), c.sync()],
    answer: [s.parseComplete(), s.parameterDescription(), s.noData(), s.ready()],
  }),
];

const preparing: readonly Step[] = [
  ['client', c.parse('known $1 $2', 'known'), c.sync()],
  ['server', s.parseComplete(), s.ready()],
];

const exchanges = fc
  .array(fc.constantFrom(...makers), { minLength: 1, maxLength: 12 })
  .map((chosen) => chosen.map((make, index) => make(index + 1)));

/** One step a segment: each side's messages of an exchange, cut at `cuts` of their bytes. */
function segments(side: 'client' | 'server', messages: readonly Buffer[], cut: number): Step[] {
  const bytes = Buffer.concat(messages);
  const at = 1 + (cut % Math.max(1, bytes.length));
  return at >= bytes.length
    ? [[side, bytes]]
    : [
        [side, bytes.subarray(0, at)],
        [side, bytes.subarray(at)],
      ];
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
const isAnswered = ({ outcome }: Statement): boolean => outcome.kind !== 'unseen';
/** Whether a prepared statement was ever executed is not certain after a loss: then its Parse is told as well. */
const isRun = ({ action }: Statement): boolean => action !== 'db.prepare';
const identity = ({ text, parameters }: Statement): string => JSON.stringify([text, parameters]);

const decodedStatements = (steps: readonly Step[], fromStart = true): readonly Statement[] =>
  decode(steps, { fromStart }).activities.filter(isStatement);

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
        // Two exchanges first show whether this client waits for answers.
        const steps = [...login, ...preparing, ...arrange([update(98), update(99)], 0), ...talk];
        const index = steps.length - talk.length + (lost % talk.length);
        const whole = decodedStatements(steps);
        const lossy = decodedStatements(lose(steps, index));
        const known = new Map<string, Statement[]>();
        for (const statement of whole) {
          known.set(identity(statement), [...(known.get(identity(statement)) ?? []), statement]);
        }
        for (const statement of lossy) {
          if (statement.text === undefined || !isRun(statement)) continue;
          const original = known.get(identity(statement))?.shift();
          if (original === undefined) throw new Error(`invented: ${brief(statement)}`);
          if (!isAnswered(statement)) continue;
          const { outcome, affectedRows, returnedRows } = original;
          expect(statement.outcome).toEqual(outcome);
          expect([affectedRows, undefined]).toContain(statement.affectedRows);
          expect([returnedRows, undefined]).toContain(statement.returnedRows);
        }
        expect(lossy.filter(isRun).length).toBeLessThanOrEqual(whole.filter(isRun).length);
        // An exchange has two answered statements at most; the next is not trusted where it fails.
        if (arrange === lockStep)
          expect(lossy.filter(isAnswered).length).toBeGreaterThanOrEqual(whole.filter(isAnswered).length - 4);
      }),
      { numRuns: 400 },
    );
  });

  test('a capture that begins anywhere invents nothing', () => {
    fc.assert(
      fc.property(exchanges, fc.nat(1000), fc.nat(), (list, cut, from) => {
        const steps = [...login, ...preparing, ...lockStep(list, cut)];
        const whole = decodedStatements(steps).map(brief);
        const later = decodedStatements(steps.slice(2 + (from % (steps.length - 2))), false);
        for (const statement of later) {
          if (statement.text !== undefined && statement.outcome.kind !== 'unseen')
            expect(whole).toContain(brief(statement));
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
          return (seed ^ data.length) % 11 === 0 ? ['lost', step[0], data.length] : [step[0], data];
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
