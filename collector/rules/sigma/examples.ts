import * as z from 'zod';
import { type AuditEvent, auditEventSchema } from '../../../contract/audit-event.ts';
import type { Example, RuleExamples } from '../rule.ts';
import { isRecord } from './detection.ts';
import { completed, expanded, type Given, merge, repeated } from './example-event.ts';
import type { Logsource } from './logsource.ts';
import { type Path, SigmaProblem } from './place.ts';

/** Examples happen on a Wednesday at noon; what `after` says counts from there. */
const BEGINNING = Date.UTC(2026, 0, 14, 12);
/** Enough for every threshold that a person would count to. */
const MAX_REPEATS = 200_000;
const PAUSE = /^(\d{1,6})(ms|s|m|h|d)$/;
const MILLIS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
/** Between events, where an example does not say. */
const DEFAULT_PAUSE_MILLIS = 1_000;

const pause = z.string().regex(PAUSE, 'expected a time such as 10s').transform(millisOf).optional();
const timing = z.object({
  repeat: z.int().min(1).max(MAX_REPEATS).default(1),
  /** From the one before. */
  after: pause,
  /** Between repeats. */
  every: pause,
  /** What differs: `{n}` is the number of the repeat, from 0. */
  each: z.record(z.string(), z.unknown()).default({}),
});
type Timing = z.infer<typeof timing>;

interface Item {
  readonly given: Given;
  readonly timing: Timing;
}

/** Events are made when they are asked for: the examples of all rules together would be many. */
export function readExamples(
  { match, silent }: { readonly match: readonly unknown[]; readonly silent: readonly unknown[] },
  logsource: Logsource,
): RuleExamples {
  const path = ['dbaudit', 'examples'];
  const read = (kind: 'match' | 'silent') => (one: unknown, index: number) =>
    readExample(one, logsource, [...path, kind, index]);
  return { match: match.map(read('match')), silent: silent.map(read('silent')) };
}

function readExample(one: unknown, logsource: Logsource, path: Path): Example {
  if (!isRecord(one)) throw new SigmaProblem(path, 'expected the fields of an event, or "events" with several');
  const { title, events, ...single } = one;
  if (title !== undefined && typeof title !== 'string') throw new SigmaProblem([...path, 'title'], 'expected a text');
  const several = events ?? [single];
  if (!Array.isArray(several) || several.length === 0) throw new SigmaProblem([...path, 'events'], 'expected a list');
  const items = several.map((item: unknown, index) =>
    readItem(item, events === undefined ? path : [...path, 'events', index]),
  );
  // The first of each is made at once, so that a mistake shows when the rule is read.
  items.forEach((item, index) => {
    const place = events === undefined ? path : [...path, 'events', index];
    makeEvent(item, 0, logsource, { at: BEGINNING, number: index }, place);
  });
  return {
    title: title ?? '',
    get events() {
      return makeEvents(items, logsource, path);
    },
  };
}

function readItem(item: unknown, path: Path): Item {
  if (!isRecord(item)) throw new SigmaProblem(path, 'expected the fields of an event');
  const { repeat, after, every, each, ...given } = item;
  const result = timing.safeParse({ repeat, after, every, each });
  if (result.success) return { given: expanded(given), timing: result.data };
  const [issue] = result.error.issues;
  throw new SigmaProblem([...path, ...(issue?.path ?? []).map(String)], issue?.message ?? 'not valid');
}

function makeEvents(items: readonly Item[], logsource: Logsource, path: Path): readonly AuditEvent[] {
  const events: AuditEvent[] = [];
  let at = BEGINNING - DEFAULT_PAUSE_MILLIS;
  for (const item of items) {
    const { repeat, after = DEFAULT_PAUSE_MILLIS, every = DEFAULT_PAUSE_MILLIS } = item.timing;
    const isVaried = Object.keys(item.timing.each).length > 0;
    let first: AuditEvent | undefined;
    for (let n = 0; n < repeat; n++) {
      at += n === 0 ? after : every;
      const number = events.length;
      const again = isVaried ? undefined : first;
      const event = again ? repeated(again, at, number) : makeEvent(item, n, logsource, { at, number }, path);
      first ??= event;
      events.push(event);
    }
  }
  return events;
}

interface Moment {
  readonly at: number;
  readonly number: number;
}

function makeEvent(
  { given, timing: { each } }: Item,
  n: number,
  logsource: Logsource,
  moment: Moment,
  path: Path,
): AuditEvent {
  const own = merge(given, expanded(numbered(each, n)));
  const result = auditEventSchema.safeParse(completed(own, logsource, moment.at, moment.number));
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new SigmaProblem(path, `no valid event: ${issue?.path.join('.')}: ${issue?.message}`);
}

function numbered(value: Given, n: number): Given {
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [
      key,
      typeof one === 'string' ? one.replaceAll('{n}', `${n}`) : isRecord(one) ? numbered(one, n) : one,
    ]),
  );
}

function millisOf(text: string): number {
  const [, amount, unit = ''] = PAUSE.exec(text) ?? [];
  return Number(amount) * (MILLIS[unit] ?? 0);
}
