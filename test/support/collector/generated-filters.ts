import fc from 'fast-check';
import type { AuditEvent } from '../../../contract/audit-event.ts';
import { EVENT_FIELD_LIST, type EventField, eventField } from '../../../contract/event-fields.ts';
import type { Filter } from '../../../contract/filter.ts';
import { auditEvent } from '../audit-events.ts';

/** Texts that make comparing hard: case beyond ASCII, wildcards and signs of SQL, line ends, more than one UTF-16 unit. */
const TEXTS = [
  '',
  'shop',
  'Shop',
  'SHOP',
  'orders',
  'Orders_2',
  '100%',
  "O'Brien",
  'a\\b',
  '*',
  '?',
  'a*b',
  'x\ny',
  'Straße',
  'STRASSE',
  'ΑΣ',
  'ας',
  'ασ',
  'İstanbul',
  'istanbul',
  'ıI',
  '名前',
  '😀',
  '😀b',
  'K',
  'k',
  'ſ',
  's',
  '-1',
  '42',
  'null',
  '{"a":1}',
  'a b',
  'SELECT * FROM orders WHERE id = 7',
  "select name from Kunden where note like '%ß_'",
  '\u0000',
  'a\u0000b',
  'é',
  'e\u0301',
] as const;
const ADDRESSES = [
  '10.0.0.1',
  '10.255.3.7',
  '192.168.1.1',
  '0.0.0.0',
  '255.255.255.255',
  'fd00::1',
  '::',
  '::1',
  'fd00:1:2:3:4:5:6:7',
  'FD00::A',
  '2001:db8::',
  '1::2:3',
] as const;
const RANGES = [
  '10.0.0.0/8',
  '10.0.0.0/9',
  '192.168.1.1/32',
  '192.168.1.1',
  '0.0.0.0/0',
  'fd00::/8',
  '::/0',
  '::1/128',
  '2001:db8::/33',
  'fd00:1:2::/47',
  '1::/16',
] as const;
const TIMES = [
  '2026-01-02T03:04:05.000000000Z',
  '2026-01-02T03:04:05.000000001Z',
  '2026-01-02T03:04:04.999999999Z',
  '1999-12-31T23:59:59.000000000Z',
  '2199-06-01T00:00:00.123456789Z',
] as const;
const NUMBERS = [0, 1, 2, 7, 1_000, 2_100_000, 1_000_000_000, 9_007_199_254_740_991] as const;
const BOUNDS = [...NUMBERS, -1, 0.5, 1.5, 1_000_000.25] as const;
const EXPRESSIONS = [
  'o',
  '^o',
  's$',
  '^$',
  '.',
  '^.$',
  '[a-c]',
  '[^a]',
  '\\d+',
  '\\bor',
  '\\Bde',
  'a|b',
  '(a|s)(h|t)*',
  'x{2}',
  '[[:alpha:]]{4,}',
  '\\pL',
  '\\p{Greek}+',
  '(?i)SHOP',
  '(?s)x.y',
  '(?m)^y',
  '\\x{1F600}b',
  '\\\\',
  '^(?:[a-z]+|\\d)$',
  'k',
  '\\w{3}',
  '\\s',
  '[\\d_]',
  '\\Qa*b\\E',
  'ß',
  '.*.*.*=.*',
  '\\z',
  'é?$',
] as const;
const PATTERNS = [
  '*',
  '',
  'o*',
  '*s',
  '*hop*',
  '?hop',
  '??',
  'a\\*b',
  '\\?',
  '*ß*',
  '*%',
  'O_*',
  '*\\\\b',
  '*σ',
  'i*',
  '?',
  '*e* *',
  's*p',
] as const;

const text = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...TEXTS) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 6 }).filter((value) => value.isWellFormed()) },
);
const names = fc.array(text, { maxLength: 3 });
const map = fc.dictionary(fc.constantFrom('0', '1', 'a.b', 'a/b', '~', ''), fc.option(text), { maxKeys: 3 });

const VALUES: Readonly<Record<EventField['type'], fc.Arbitrary<unknown>>> = {
  text,
  names,
  map,
  address: fc.constantFrom(...ADDRESSES),
  integer: fc.constantFrom(...NUMBERS),
  number: fc.constantFrom(0, 0.25, 0.5, 1),
  boolean: fc.boolean(),
  time: fc.constantFrom(...TIMES),
};

/** Few fields, so that filters meet what events have; each type is among them. */
const FIELDS = [
  '@timestamp',
  'event.category',
  'event.duration',
  'event.outcome',
  'db.namespace',
  'db.query.text',
  'db.query.parameter',
  'user.name',
  'error.message',
  'message',
  'client.ip',
  'client.port',
  'event.start',
  'dbaudit.statement.tables',
  'dbaudit.statement.truncated',
  'dbaudit.actor.confidence',
  'kubernetes.audit.sourceIPs',
  'dbaudit.session.index',
]
  .map((name) => EVENT_FIELD_LIST.find((field) => field.name === name))
  .filter((field) => field !== undefined);

/** Events that have some of the fields, with values of their types; other fields are as usual, or missing. */
export const generatedEvent: fc.Arbitrary<AuditEvent> = fc
  .record(Object.fromEntries(FIELDS.map((field) => [field.name, fc.option(VALUES[field.type], { freq: 3 })])))
  .map((values) => {
    const event = structuredClone(auditEvent());
    for (const [name, value] of Object.entries(values)) {
      if (name === '@timestamp' && value === null) continue;
      put(event, name.split('.'), value ?? undefined);
    }
    return JSON.parse(JSON.stringify(event));
  });

function put(object: object, [step = '', ...more]: readonly string[], value: unknown): void {
  if (more.length === 0) {
    if (value === undefined) Reflect.deleteProperty(object, step);
    else Reflect.set(object, step, value);
    return;
  }
  const known: unknown = Reflect.get(object, step);
  const inner = typeof known === 'object' && known !== null ? known : {};
  if (inner !== known) Reflect.set(object, step, inner);
  put(inner, more, value);
}

const ENTRIES = ['0', '1', 'a.b', 'a/b', '~', '']
  .map((key) => eventField(`db.query.parameter.${key}`))
  .filter((field) => field !== undefined);
const anyField = fc.constantFrom(...FIELDS, ...ENTRIES);
const ignoreCase = fc.boolean();

function leafOf(field: EventField): fc.Arbitrary<Filter> {
  const exists = fc.constant<Filter>({ kind: 'exists', field: field.name });
  const { name, type } = field;
  if (type === 'integer' || type === 'number' || type === 'time') {
    const bound: fc.Arbitrary<number | string> =
      type === 'time' ? fc.constantFrom(...TIMES, '2026-01-02T04:04:05.000000001+01:00') : fc.constantFrom(...BOUNDS);
    const lower = fc.constantFrom('over' as const, 'from' as const);
    const upper = fc.constantFrom('below' as const, 'to' as const);
    return fc.oneof(
      exists,
      fc.array(bound, { minLength: 1, maxLength: 3 }).map((values): Filter => ({ kind: 'is', field: name, values })),
      fc.tuple(lower, bound).map(([side, value]): Filter => ({ kind: 'range', field: name, [side]: value })),
      fc.tuple(upper, bound).map(([side, value]): Filter => ({ kind: 'range', field: name, [side]: value })),
      fc
        .tuple(lower, bound, upper, bound)
        .map(([from, a, to, b]): Filter => ({ kind: 'range', field: name, [from]: a, [to]: b })),
    );
  }
  if (type === 'boolean')
    return fc.oneof(
      exists,
      fc.boolean().map((value): Filter => ({ kind: 'is', field: name, values: [value] })),
    );
  const value = type === 'address' ? fc.constantFrom<string>(...ADDRESSES) : text;
  return fc.oneof(
    exists,
    fc
      .tuple(fc.array(value, { minLength: 1, maxLength: 3 }), ignoreCase)
      .map(([values, ignore]): Filter => ({ kind: 'is', field: name, values, ignoreCase: ignore })),
    fc
      .tuple(fc.oneof(fc.constantFrom<string>(...PATTERNS), text), ignoreCase)
      .map(([pattern, ignore]): Filter => ({ kind: 'like', field: name, pattern, ignoreCase: ignore })),
    fc
      .tuple(fc.constantFrom(...EXPRESSIONS), ignoreCase)
      .map(([expression, ignore]): Filter => ({ kind: 'matches', field: name, expression, ignoreCase: ignore })),
    fc.constantFrom(...RANGES).map((range): Filter => ({ kind: 'within', field: name, range })),
  );
}

const leaf: fc.Arbitrary<Filter> = fc.oneof(
  { weight: 8, arbitrary: anyField.chain(leafOf) },
  { weight: 1, arbitrary: text.map((words): Filter => ({ kind: 'words', text: words })) },
);

/** Filters that are right, of every kind, over the fields that `generatedEvent` plays with. */
export const generatedFilter: fc.Arbitrary<Filter> = fc.letrec<{ filter: Filter }>((tie) => ({
  filter: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    leaf,
    fc.record({ kind: fc.constantFrom('all' as const, 'any' as const), of: fc.array(tie('filter'), { maxLength: 3 }) }),
    fc.record({ kind: fc.constant('not' as const), filter: tie('filter') }),
  ),
})).filter;
