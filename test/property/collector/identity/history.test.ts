import { expect, test } from '@jest/globals';
import type { V1Pod } from '@kubernetes/client-node';
import fc from 'fast-check';
import { ClusterBook } from '../../../../collector/identity/cluster-book.ts';
import type { Party } from '../../../../contract/audit-event.ts';

/** What is true of a pod, in milliseconds. Its address is its own from `taken` to `released`, and nobody else's. */
interface Truth {
  readonly uid: string;
  readonly address: string;
  readonly created: number;
  readonly taken: number;
  readonly started: number;
  readonly finished: number;
  readonly released: number;
  /** When its object goes, after its kubelet has told of its end; Infinity: a Job's, that stays. */
  readonly removed: number;
}

interface Told {
  readonly at: number;
  readonly pod: V1Pod;
  readonly gone: boolean;
}

const EPOCH = Date.parse('2026-11-21T10:00:00.000Z');
const ADDRESSES = ['10.244.1.5', '10.244.1.6', 'fd00::7'];
const DAY = 86_400_000;
/** A kubelet tells of a new address, and of a pod's end, within so long. */
const KUBELET_LAG = 900;

const ENDS = ['deleted', 'deleted', 'deleted', 'deleted', 'completed', 'completed', 'forced'] as const;

const life = fc.record({
  address: fc.nat(ADDRESSES.length - 1),
  rest: fc.oneof(fc.integer({ min: 0, max: 2_000 }), fc.integer({ min: 0, max: 60_000 })),
  scheduling: fc.integer({ min: 0, max: 3_000 }),
  pulling: fc.integer({ min: 50, max: 3_000 }),
  running: fc.oneof(fc.integer({ min: 0, max: 5_000 }), fc.integer({ min: 0, max: 120_000 })),
  tearing: fc.integer({ min: 1, max: 400 }),
  removing: fc.integer({ min: 0, max: 3_000 }),
  end: fc.constantFrom(...ENDS),
  kubeletLag: fc.integer({ min: 0, max: KUBELET_LAG }),
});
type Life = typeof life extends fc.Arbitrary<infer T> ? T : never;

/** Lives in turn at each address. */
function truthOf(lives: readonly Life[]): Truth[] {
  const free = ADDRESSES.map(() => EPOCH);
  return lives.map((one, index) => {
    const taken = (free[one.address] ?? EPOCH) + one.rest;
    const started = taken + one.pulling;
    const finished = started + one.running;
    const released = finished + one.tearing;
    free[one.address] = released;
    const removed =
      one.end === 'completed'
        ? Number.POSITIVE_INFINITY
        : one.end === 'forced'
          ? Math.max(started + KUBELET_LAG + 1, finished - 20_000)
          : Math.max(released, finished + one.kubeletLag) + 1 + one.removing;
    return {
      uid: `uid-${index}`,
      address: ADDRESSES[one.address] ?? '',
      created: taken - one.scheduling,
      taken,
      started,
      finished,
      released,
      removed,
    };
  });
}

/** As the API server writes times. */
const seconds = (millis: number) => new Date(Math.floor(millis / 1000) * 1000).toISOString().replace('.000', '');

function podAt(truth: Truth, state: 'pending' | 'running' | 'ended', version: number): V1Pod {
  const { uid, address, created, started, finished } = truth;
  const running = { startedAt: seconds(started) };
  const object: unknown = {
    metadata: {
      uid,
      namespace: 'shop',
      name: uid,
      creationTimestamp: seconds(created),
      resourceVersion: String(version),
      ...(state === 'ended' && truth.removed !== Number.POSITIVE_INFINITY
        ? { deletionTimestamp: seconds(finished) }
        : {}),
    },
    spec: { nodeName: 'one', containers: [{ name: 'main' }] },
    status:
      state === 'pending'
        ? { phase: 'Pending' }
        : {
            phase: state === 'ended' ? 'Succeeded' : 'Running',
            startTime: seconds(created),
            podIP: address,
            podIPs: [{ ip: address }],
            containerStatuses: [
              {
                name: 'main',
                state: state === 'ended' ? { terminated: { ...running, finishedAt: seconds(finished) } } : { running },
              },
            ],
          },
  };
  return object as V1Pod;
}

/** All that the API server tells, in its order. */
function told(truths: readonly Truth[], lives: readonly Life[]): Told[] {
  let version = 1;
  return truths
    .flatMap((truth, index) => {
      const lag = lives[index]?.kubeletLag ?? 0;
      const steps = [
        { at: truth.created, state: 'pending' as const },
        { at: truth.started + lag, state: 'running' as const },
        { at: truth.finished + lag, state: 'ended' as const },
      ].filter(({ at }) => at < truth.removed);
      const last = steps.at(-1)?.state ?? 'pending';
      return [
        ...steps.map((step) => ({ ...step, gone: false, truth })),
        ...(truth.removed === Number.POSITIVE_INFINITY ? [] : [{ at: truth.removed, state: last, gone: true, truth }]),
      ];
    })
    .sort((one, other) => one.at - other.at)
    .map(({ at, state, gone, truth }) => ({ at, gone, pod: podAt(truth, state, version++) }));
}

const history = fc.record({
  lives: fc.array(life, { minLength: 1, maxLength: 14 }),
  /** Before each change comes to us. */
  delays: fc.array(fc.integer({ min: 0, max: 1_500 }), { minLength: 1, maxLength: 20 }),
  /** Since the beginning; for so long nothing comes, and then a list. */
  outages: fc.array(fc.tuple(fc.integer({ min: 0, max: 200_000 }), fc.integer({ min: 500, max: 20_000 })), {
    maxLength: 2,
  }),
  begins: fc.oneof(fc.constant(-100_000), fc.integer({ min: 0, max: 100_000 })),
  skews: fc.array(fc.integer({ min: -900, max: 900 }), { minLength: 1, maxLength: 5 }),
});

interface Outcome {
  asked: number;
  named: number;
}

/** Replays what was told, asks about each moment of every pod's life, and says what is wrong with the answers. */
function replay(
  { lives, delays, outages, begins, skews }: typeof history extends fc.Arbitrary<infer T> ? T : never,
  outcome: Outcome,
): string[] {
  const truths = truthOf(lives);
  const changes = told(truths, lives);
  const end = Math.max(...truths.map(({ released }) => released), ...changes.map(({ at }) => at)) + 30_000;
  const cut = outages.map(([from, length]) => ({ from: EPOCH + from, to: EPOCH + from + length }));
  const isCut = (at: number) => cut.some(({ from, to }) => from <= at && at < to);
  let now = EPOCH + begins;
  const book = new ClusterBook({ keepMillis: DAY, pods: 1_000 }, () => now);
  book.ranges.add('10.244.0.0/16');
  book.ranges.add('fd00::/64');
  book.nodes.listed(new Set(), now);
  book.services.listed(new Set(), now);
  const problems: string[] = [];
  const gaps: { from: number; to: number }[] = [{ from: Number.NEGATIVE_INFINITY, to: now }];
  const present = new Map<string, V1Pod>();
  const endTold = (uid: string) =>
    changes
      .slice(0, next)
      .some(({ pod, gone }) => pod.metadata?.uid === uid && (gone || pod.status?.phase === 'Succeeded'));
  /** Pods of which both the address and the end were told. */
  const whole = new Set<string>();
  const see = ({ metadata, status }: V1Pod) => {
    if (status?.phase === 'Succeeded') whole.add(metadata?.uid ?? '');
  };
  let next = 0;
  const list = () => {
    const objects = new Map<string, V1Pod>();
    while ((changes[next]?.at ?? Number.POSITIVE_INFINITY) <= now) next++;
    for (const { pod, gone } of changes.slice(0, next)) {
      if (gone) objects.delete(pod.metadata?.uid ?? '');
      else objects.set(pod.metadata?.uid ?? '', pod);
    }
    book.pods.listed(new Set(objects.keys()), now);
    for (const [uid, pod] of present) if (!objects.has(uid)) book.pods.gone(pod, now);
    for (const pod of objects.values()) {
      book.pods.present(pod, now);
      see(pod);
    }
    present.clear();
    for (const [uid, pod] of objects) present.set(uid, pod);
  };
  const deliver = (change: Told) => {
    if (change.gone) present.delete(change.pod.metadata?.uid ?? '');
    else present.set(change.pod.metadata?.uid ?? '', change.pod);
    book.pods.knowledge.heard(now);
    book.pods[change.gone ? 'gone' : 'present'](change.pod, now);
    see(change.pod);
  };
  const ask = (freshness: 'at once' | 'late') => {
    const moments = truths.flatMap((truth) => {
      const { started, finished } = truth;
      return [started, started + 700, (started + finished) / 2, finished - 700, finished]
        .filter((at) => at >= started && at <= finished)
        .map((at) => ({ truth, at: Math.floor(at) }));
    });
    for (const [index, { truth, at }] of moments.entries()) {
      if (at > now || (freshness === 'at once' && now - at > 3_000)) continue;
      const seen = at + (skews[index % skews.length] ?? 0);
      const party = book.partyOf(truth.address, 0, seen);
      outcome.asked += 1;
      if (party.pod !== undefined) outcome.named += 1;
      // Its end has not come to anybody's ears: a fresh statement may be taken for its own.
      if (freshness === 'at once' && party.pod_uid !== undefined && !endTold(party.pod_uid)) continue;
      const problem = wrong(party, truth, seen, freshness, truths, gaps, whole);
      if (problem !== undefined) problems.push(`${freshness} ${problem}`);
    }
  };
  book.pods.knowledge.connected(now);
  list();
  for (let at = now; at < end; ) {
    const change = changes[next];
    const due = change === undefined ? end : Math.max(now, change.at + (delays[next % delays.length] ?? 0));
    const outage = cut.find(({ from, to }) => from <= due && to > now);
    if (outage !== undefined) {
      gaps.push({ from: book.pods.knowledge.heardAt - 10_000, to: outage.to });
      now = Math.max(now, outage.to);
      book.pods.knowledge.connected(now);
      list();
      cut.splice(cut.indexOf(outage), 1);
    } else {
      // An idle watch is renewed now and again.
      while (due - now > 30_000) {
        now += 30_000;
        book.pods.knowledge.connected(now);
      }
      now = due;
      if (change !== undefined && !isCut(now)) {
        deliver(change);
        next += 1;
      }
    }
    ask('at once');
    at = now;
  }
  now = end;
  book.pods.knowledge.connected(now);
  ask('late');
  return problems;
}

/** The naive model: never another pod; not naming the pod must have one of three reasons. */
function wrong(
  party: Party,
  truth: Truth,
  at: number,
  freshness: string,
  truths: readonly Truth[],
  gaps: readonly { from: number; to: number }[],
  whole: ReadonlySet<string>,
): string | undefined {
  if (party.kind === 'pod')
    return party.pod_uid === truth.uid ? undefined : `${truth.uid} was named ${party.pod_uid} at ${at - EPOCH}`;
  if (party.kind !== 'unknown' && party.kind !== 'ambiguous') return `${truth.uid} was named ${party.kind}`;
  // Not told yet, or its end is too fresh to exclude a successor.
  if (freshness === 'at once') return undefined;
  const inside = truth.started + 3_000 <= at && at <= truth.finished - 3_000;
  // It was there while nothing was told, and whether it had the address at this moment follows from nothing that was.
  const missed = gaps.some(({ from, to }) => from <= truth.released + 3_000 && truth.created - 62_000 <= to);
  if (missed && !(whole.has(truth.uid) && inside)) return undefined;
  // Somebody had the address within what whole seconds and clocks leave open.
  const near = truths.some(
    (other) =>
      other !== truth &&
      other.address === truth.address &&
      other.created - 4_000 <= at &&
      at <= other.finished + (whole.has(other.uid) ? 4_000 : 64_000),
  );
  if (inside && whole.has(truth.uid)) return `${truth.uid} was ${party.kind} at ${at - EPOCH}, within its time`;
  return near ? undefined : `${truth.uid} was ${party.kind} at ${at - EPOCH} with nobody else near`;
}

test('whatever comes and goes, no statement is ever said to be of another pod', () => {
  const outcome = { asked: 0, named: 0 };
  fc.assert(
    fc.property(history, (one) => {
      expect(replay(one, outcome)).toEqual([]);
    }),
    { numRuns: Number(process.env.DBAUDIT_IDENTITY_RUNS ?? 300) },
  );
  process.stderr.write(`identity: ${outcome.named} of ${outcome.asked} questions answered with a pod, none wrongly\n`);
  expect(outcome.named / outcome.asked).toBeGreaterThan(0.3);
});
