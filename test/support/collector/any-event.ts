import fc from 'fast-check';
import type * as z from 'zod';
import { type AuditEvent, auditEventSchema } from '../../../contract/audit-event.ts';

/** Any UTF-16 units, and often what JSON, UTF-8, SQL and C treat in their own way. */
const anyText = fc.oneof(
  fc.string({ maxLength: 12 }),
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.constantFrom(
    '',
    '\0',
    'a\0b',
    '\ud800',
    'x\udc00y',
    '订单 🙂',
    "'; DROP",
    '"',
    '\\',
    '-',
    '-1',
    'null',
    '__proto__',
  ),
  fc.tuple(fc.stringMatching(/^[0-9a-f]{32}$/), fc.nat()).map(([session, index]) => `${session}-${index}`),
);

/** Within what TIMESTAMP_NS has, and beyond it. */
const anyTime = fc
  .tuple(
    fc.oneof(
      fc.date({ min: new Date('2026-01-01'), max: new Date('2026-12-31'), noInvalidDate: true }),
      fc.date({ min: new Date('0000-01-01'), max: new Date('9999-12-31'), noInvalidDate: true }),
    ),
    fc.nat({ max: 999_999_999 }),
  )
  .map(([date, nanos]) => `${date.toISOString().slice(0, 19)}.${String(nanos).padStart(9, '0')}Z`);
const noTime = fc.constantFrom(
  '2026-02-31T00:00:00.000000000Z',
  '2026-01-01T23:59:60.000000000Z',
  '9999-99-99T99:99:99.999999999Z',
);

const TIMESTAMP = 'T\\d\\d:\\d\\d:\\d\\d';

/** Values of a schema of ours, whatever it allows. */
function anyOf(schema: z.core.$ZodType): fc.Arbitrary<unknown> {
  // The union that zod has for whoever walks its schemas. https://zod.dev/library-authors
  const { def } = (schema as z.core.$ZodTypes)._zod;
  switch (def.type) {
    case 'string':
      return textOf(schema);
    case 'number':
      return numberOf(schema);
    case 'boolean':
      return fc.boolean();
    case 'enum':
      return fc.constantFrom(...Object.values(def.entries));
    case 'literal':
      return fc.constantFrom(...def.values);
    case 'optional':
      return fc.option(anyOf(def.innerType), { nil: undefined });
    case 'nullable':
      return fc.option(anyOf(def.innerType));
    case 'union':
      return fc.oneof(...def.options.map(anyOf));
    case 'array':
      return fc.array(anyOf(def.element), { minLength: restrictionsOf(schema).longerThan ?? 0, maxLength: 3 });
    case 'record':
      return fc.dictionary(anyText, anyOf(def.valueType), { maxKeys: 3 });
    case 'object': {
      const members = fc.record(
        Object.fromEntries(Object.entries(def.shape).map(([name, inner]) => [name, anyOf(inner)])),
      );
      if (def.catchall?._zod.def.type !== 'unknown') return members;
      return fc
        .tuple(fc.dictionary(anyText, fc.jsonValue({ maxDepth: 2 }), { maxKeys: 2 }), members)
        .map(([others, own]) => ({ ...others, ...own }));
    }
    default:
      throw new Error(`no values are known of ${def.type}`);
  }
}

interface Restrictions {
  readonly pattern?: RegExp;
  readonly format?: string;
  readonly least?: number;
  readonly most?: number;
  readonly longerThan?: number | undefined;
}

/** What the schema's own checks say, and it itself where it is one. */
function restrictionsOf(schema: z.core.$ZodType): Restrictions {
  const { def } = schema._zod;
  const checks: readonly z.core.$ZodCheck<never>[] = def.checks ?? [];
  const known = [def, ...checks.map(({ _zod }) => _zod.def)] as readonly Partial<z.core.$ZodChecks['_zod']['def']>[];
  return Object.assign({}, ...known.map(restrictionOf));
}

function restrictionOf(def: Partial<z.core.$ZodChecks['_zod']['def']>): Restrictions {
  switch (def.check) {
    case 'string_format':
      return { ...(def.pattern && { pattern: def.pattern }), ...(def.format && { format: def.format }) };
    case 'number_format':
      return { format: 'integer' };
    case 'greater_than':
      return { least: Number(def.value) };
    case 'less_than':
      return { most: Number(def.value) };
    case 'min_length':
      return { longerThan: def.minimum };
    default:
      return {};
  }
}

function textOf(schema: z.core.$ZodType): fc.Arbitrary<string> {
  const { format, pattern, longerThan = 0 } = restrictionsOf(schema);
  if (format === 'ipv4') return fc.ipV4();
  if (format === 'ipv6') return fc.ipV6();
  if (pattern === undefined) return anyText.filter((text) => text.length >= longerThan);
  return String(pattern).includes(TIMESTAMP)
    ? fc.oneof({ weight: 9, arbitrary: anyTime }, noTime)
    : fc.stringMatching(pattern);
}

function numberOf(schema: z.core.$ZodType): fc.Arbitrary<number> {
  const { format, least: min = Number.MIN_SAFE_INTEGER, most: max = Number.MAX_SAFE_INTEGER } = restrictionsOf(schema);
  if (format !== 'integer') return fc.double({ min, max, noNaN: true });
  return fc.oneof(fc.integer({ min, max }), fc.integer({ min, max: Math.min(max, min + 50) }));
}

/** Every event that the schema lets pass, as JSON has it. */
export const anyEvent: fc.Arbitrary<AuditEvent> = anyOf(auditEventSchema).map((value) =>
  JSON.parse(JSON.stringify(value)),
);
