import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { compileCheck } from '../../../../collector/ingest/compiled-check.ts';
import { checkEvent } from '../../../../collector/ingest/event-check.ts';
import { auditEventSchema } from '../../../../contract/audit-event.ts';
import { sampleEvents } from '../../../support/audit-events.ts';
import { apiAuditEvent } from '../../../support/collector/api-audit-event.ts';

const isSurelyValid = compileCheck(auditEventSchema, 32);
const valid: readonly unknown[] = [...sampleEvents(), apiAuditEvent()].map((event) =>
  JSON.parse(JSON.stringify(event)),
);

type Path = readonly (string | number)[];

/** Every place of a value, the value itself too. */
function pathsOf(value: unknown, path: Path = []): Path[] {
  const inner = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  return [path, ...inner.flatMap(([name, held]) => pathsOf(held, [...path, name]))];
}

/** With something else at a place, or nothing. */
function changed(value: unknown, [name, ...rest]: Path, change: (held: unknown) => unknown): unknown {
  if (name === undefined) return change(value);
  const copy: unknown = Array.isArray(value) ? [...value] : { ...Object(value) };
  const held = changed(Reflect.get(Object(copy), name), rest, change);
  if (held === undefined) Reflect.deleteProperty(Object(copy), name);
  else
    Reflect.defineProperty(Object(copy), name, { value: held, enumerable: true, configurable: true, writable: true });
  return copy;
}

/** What stands in events, and what does not: of each type, at each bound. */
const something = fc.oneof(
  fc.constant(undefined),
  fc.constantFrom<unknown>(
    ...['', '0', 'x', 'event', 'success', 'database', '127.0.0.1', '01.2.3.4', '::1', '::ffff:1.2.3.4', 'fe80::1%eth0'],
    ...['1::2::3', '[::1]', '2026-01-02T03:04:05.678901234Z', '2026-01-02T03:04:05Z', 'a'.repeat(32), '-0', '12e3'],
    ...[0, -0, -1, 1, 0.5, 65_535, 65_536, 2 ** 53, 1e300, 7, 8, 99, 600, true, false, null, [], {}, [[]], [null]],
  ),
  fc.ipV4(),
  fc.ipV6(),
  fc.jsonValue(),
);
const name = fc.constantFrom('extra', '__proto__', 'constructor', 'toString', 'id', 'name', 'k8s', 'audit', 'labels');

const edit = fc.tuple(fc.nat(), fc.option(name), something);

/** As they come over the wire: what JSON cannot say is not in them. */
const edited = fc.tuple(fc.constantFrom(...valid), fc.array(edit, { maxLength: 3 })).map(([event, edits]): unknown => {
  const value = edits.reduce((before: unknown, [place, extra, instead]) => {
    const paths = pathsOf(before);
    const path = paths[place % paths.length] ?? [];
    return changed(before, extra === null ? path : [...path, extra], () => instead);
  }, event);
  return JSON.parse(JSON.stringify(value) ?? 'null');
});

test('what the quick check passes is what the schema passes, and as it is', () => {
  let passed = 0;
  fc.assert(
    fc.property(edited, (value) => {
      const parsed = auditEventSchema.safeParse(value);
      if (isSurelyValid(value)) {
        passed += 1;
        expect(parsed.success && parsed.data).toEqual(value);
        return;
      }
      // It is slow only for what hardly ever comes: a valid event goes the quick way, but for `__proto__` as a name.
      if (parsed.success) expect(JSON.stringify(value)).toMatch(/__proto__/);
    }),
    { numRuns: 3_000 },
  );
  expect(passed).toBeGreaterThan(300);
});

test('an event comes out as the schema has it, or with the place of what is wrong', () => {
  fc.assert(
    fc.property(edited, (value) => {
      const checked = checkEvent(value);
      const parsed = auditEventSchema.safeParse(value);
      if (parsed.success) expect(checked).toEqual({ event: parsed.data });
      else expect(checked).toEqual({ reason: expect.stringMatching(/^no audit event: /) });
    }),
    { numRuns: 1_000 },
  );
});

test('what is nested to break its readers is refused', () => {
  const deep = (depth: number): unknown => JSON.parse(`${'['.repeat(depth)}${']'.repeat(depth)}`);
  const at = (depth: number) => changed(apiAuditEvent(), ['kubernetes', 'audit', 'annotations'], () => deep(depth));
  expect(checkEvent(at(20))).toHaveProperty('event');
  expect(checkEvent(at(40))).toEqual({ reason: 'nested deeper than 32' });
});
