import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Alert } from '../../../../collector/alerts/alert.ts';
import { DeskBench } from '../../../support/alerts/desk-bench.ts';
import { detection } from '../../../support/alerts/detections.ts';
import { auditEvent } from '../../../support/audit-events.ts';

const RUNS = 40;
const ALL = { namespaces: 'all', literals: false } as const;
const LEVELS = ['low', 'high', 'critical'] as const;
/** Long enough for the quiet time of each level, and for what is told after it. */
const END_SECONDS = 4 * 3600;

const REPEAT_SECONDS = 1800;

const SETTINGS = {
  floodAbovePerHour: 3,
  channels: [{ type: 'slack', name: 'chat', urlFile: '/x' }],
  routes: [{ name: 'all', channels: ['chat'], repeatIntervalSeconds: REPEAT_SECONDS }],
};

const small = fc.nat(2);
const command = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('see'),
      rule: small,
      group: fc.nat(4),
      session: small,
      times: fc.integer({ min: 1, max: 3 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('pass'), seconds: fc.constantFrom(1, 29, 31, 300, 700, 1900) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('acknowledge', 'resolve'), which: fc.nat(20) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('silence'),
      rule: fc.option(small),
      group: fc.option(fc.nat(4)),
      seconds: fc.constantFrom(60, 900, 5000),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('unsilence', 'restart', 'crash-before', 'crash-after') }) },
);
type Command = typeof command extends fc.Arbitrary<infer Value> ? Value : never;

const sessionId = (session: number) => `${session}`.repeat(32);

function detectionOf(rule: number, group: number, session: number) {
  const event = auditEvent({
    rest: { client: { ip: `10.0.0.${session}`, port: 1 } },
    dbaudit: { session: { id: sessionId(session), index: 0, captured_from_start: true } },
  });
  return detection({ rule: `rule-${rule}`, level: LEVELS[rule] ?? 'low', group: { g: `${group}` }, events: [event] });
}

/** What must be so, told without the desk's own code. */
class Witness {
  readonly #bench: DeskBench;
  readonly detections = new Map<string, number>();
  /** Sessions of each open alert, by what was given. */
  readonly #steps = new Map<string, number>();
  readonly sessions = new Map<string, Set<number>>();

  constructor(bench: DeskBench) {
    this.#bench = bench;
  }

  check(): void {
    const { now } = this.#bench;
    const alerts = this.#bench.alerts();
    const open = alerts.filter(({ state }) => state !== 'resolved');
    const counted = new Map<string, number>();
    for (const { rule, detections } of alerts) counted.set(rule.id, (counted.get(rule.id) ?? 0) + detections);
    expect(counted).toEqual(this.detections);
    const keys = open.map(({ rule, group }) => JSON.stringify([rule.id, group]));
    expect(new Set(keys).size).toBe(keys.length);
    for (const alert of alerts) this.#checkHistory(alert);
    for (const alert of open) {
      const fresh = alert.history.slice(this.#steps.get(alert.id) ?? 0);
      if (!fresh.some(({ what, at }) => what === 'notified' && at === now)) continue;
      expect(this.#isSilenced(alert, now)).toBe(false);
      expect(this.#isInhibited(alert, open, now)).toBe(false);
    }
    for (const { id, history } of alerts) this.#steps.set(id, history.length);
  }

  /** When nothing more can happen: each alert was told of, or says why not; each has its events, each message is one. */
  checkEnd(): void {
    const alerts = this.#bench.alerts();
    const waiting = this.#bench.database.outbox.waiting('chat', 100_000);
    expect(new Set(waiting.map(({ id }) => id)).size).toBe(waiting.length);
    for (const { alerts: ids } of waiting) expect(new Set(ids).size).toBe(ids.length);
    const events = this.#bench.database.unrecorded(100_000).map(({ event }) => JSON.parse(event).event.id);
    expect(new Set(events).size).toBe(events.length);
    for (const { id, state, history } of alerts) {
      expect(state).toBe('resolved');
      const told = history.filter(({ what }) => what === 'notified').length;
      expect(waiting.filter(({ alerts: ids }) => ids.includes(id)).length).toBe(told);
      expect(told > 0 || history.some(({ what }) => what === 'not-notified')).toBe(true);
      for (const action of ['raised', 'resolved'])
        expect(events.filter((event) => event.startsWith(`${id}-alert.${action}`))).toHaveLength(1);
    }
  }

  #checkHistory({ state, history, endedAt }: Alert): void {
    const steps = history.map(({ what }) => what);
    expect(steps[0]).toBe('raised');
    expect(steps.filter((what) => what === 'raised')).toHaveLength(1);
    expect(steps.filter((what) => what === 'resolved')).toHaveLength(state === 'resolved' ? 1 : 0);
    expect(endedAt !== undefined).toBe(state === 'resolved');
    if (state !== 'resolved') expect(steps.includes('acknowledged')).toBe(state === 'acknowledged');
    const told = history.filter(({ what }) => what === 'notified' || what === 'resolved');
    told.forEach(({ what, at }, index) => {
      const before = told[index - 1];
      if (what !== 'notified' || before?.what !== 'notified') return;
      expect(at - before.at).toBeGreaterThanOrEqual(REPEAT_SECONDS * 1000);
    });
    expect(history.map(({ at }) => at)).toEqual(history.map(({ at }) => at).toSorted((a, b) => a - b));
  }

  #isSilenced({ rule, group }: Alert, now: number): boolean {
    return this.#bench.desk
      .silences()
      .some(
        (one) =>
          now >= one.from &&
          now < one.until &&
          (one.rules === undefined || one.rules.includes(rule.id)) &&
          (one.group.g === undefined || one.group.g === group.g),
      );
  }

  #isInhibited(alert: Alert, open: readonly Alert[], now: number): boolean {
    const mine = this.sessions.get(alert.id) ?? new Set();
    return open.some(
      (other) =>
        worseness(other) > worseness(alert) &&
        !this.#isSilenced(other, now) &&
        [...(this.sessions.get(other.id) ?? [])].some((session) => mine.has(session)),
    );
  }
}

function worseness({ level }: Alert): number {
  return ['low', 'high', 'critical'].indexOf(level);
}

function perform(bench: DeskBench, witness: Witness, given: Command): void {
  switch (given.kind) {
    case 'see': {
      if (!('session' in given)) return;
      const { rule, group, session, times } = given;
      bench.see(...Array.from({ length: times }, () => detectionOf(rule, group, session)));
      witness.detections.set(`rule-${rule}`, (witness.detections.get(`rule-${rule}`) ?? 0) + times);
      const joined = bench
        .alerts(['firing', 'acknowledged'])
        .find((alert) => alert.rule.id === `rule-${rule}` && alert.group.g === `${group}`);
      // The alert of a flood has no sessions.
      if (joined !== undefined)
        witness.sessions.set(joined.id, (witness.sessions.get(joined.id) ?? new Set()).add(session));
      return;
    }
    case 'pass':
      if ('seconds' in given) bench.pass(given.seconds);
      return;
    case 'acknowledge':
    case 'resolve': {
      const alerts = bench.alerts();
      const alert = 'which' in given ? alerts[given.which % Math.max(alerts.length, 1)] : undefined;
      if (alert !== undefined) bench.desk.change(alert.id, { what: given.kind }, 'alice', ALL);
      return;
    }
    case 'silence': {
      if (!('seconds' in given) || !('rule' in given)) return;
      const rules = given.rule === null ? {} : { rules: [`rule-${given.rule}`] };
      const group: Record<string, string> = given.group === null ? {} : { g: `${given.group}` };
      bench.desk.silence({ ...rules, group, until: bench.now + given.seconds * 1000, reason: 'test' }, 'alice');
      return;
    }
    case 'unsilence':
      for (const { id } of bench.desk.silences()) bench.desk.unsilence(id);
      return;
    case 'restart':
      bench.restart();
      return;
    default:
      crash(bench, witness, given.kind === 'crash-after');
  }
}

/** The process ends in the middle of a detection: what was not on disk is given again by nobody. */
function crash(bench: DeskBench, witness: Witness, isAfter: boolean): void {
  const commit = bench.database.commit.bind(bench.database);
  bench.database.commit = (changes) => {
    if (isAfter) commit(changes);
    throw new Error('killed');
  };
  expect(() => bench.see(detectionOf(0, 4, 2))).toThrow('killed');
  bench.restart();
  if (!isAfter) return;
  witness.detections.set('rule-0', (witness.detections.get('rule-0') ?? 0) + 1);
  const joined = bench
    .alerts(['firing', 'acknowledged'])
    .find(({ rule, group }) => rule.id === 'rule-0' && group.g === '4');
  if (joined !== undefined) witness.sessions.set(joined.id, (witness.sessions.get(joined.id) ?? new Set()).add(2));
}

test('whatever happens, and whenever it is killed: no alert is lost or invented, no silence or inhibition ignored', () => {
  fc.assert(
    fc.property(fc.array(command, { minLength: 1, maxLength: 40 }), (commands) => {
      const bench = new DeskBench(SETTINGS);
      try {
        const witness = new Witness(bench);
        for (const given of commands) {
          perform(bench, witness, given);
          witness.check();
        }
        bench.pass(END_SECONDS, 300);
        witness.checkEnd();
      } finally {
        bench.remove();
      }
    }),
    { numRuns: RUNS },
  );
});
