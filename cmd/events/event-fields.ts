import * as z from 'zod';
import { type AuditEvent, auditEventSchema } from '../../contract/audit-event.ts';

/** What a field of the event holds; `open`: named by whoever wrote it, such as the parameters of a statement. */
export type Field =
  | { readonly type: 'object'; readonly fields: ReadonlyMap<string, Field> }
  | { readonly type: 'text' | 'integer' | 'number' | 'boolean' | 'texts' | 'open' };

const jsonSchema = z.looseObject({
  type: z.string().optional(),
  const: z.unknown().optional(),
  get properties() {
    return z.record(z.string(), jsonSchema).optional();
  },
});

/** Every field that an event may have, from the contract itself. */
export const EVENT_FIELDS: ReadonlyMap<string, Field> = fieldsOf(jsonSchema.parse(z.toJSONSchema(auditEventSchema)));

function fieldsOf({ properties = {} }: z.infer<typeof jsonSchema>): ReadonlyMap<string, Field> {
  return new Map(Object.entries(properties).map(([name, schema]) => [name, fieldOf(schema)]));
}

function fieldOf(schema: z.infer<typeof jsonSchema>): Field {
  switch (schema.type) {
    case 'object': {
      const fields = fieldsOf(schema);
      return fields.size === 0 ? { type: 'open' } : { type: 'object', fields };
    }
    case 'array':
      return { type: 'texts' };
    case 'integer':
    case 'number':
    case 'boolean':
      return { type: schema.type };
    default:
      return { type: typeof schema.const === 'number' ? 'integer' : 'text' };
  }
}

/** The names along the way to a value: `['db', 'query', 'text']`; a number picks from a list. */
export type FieldPath = readonly (string | number)[];

/** What is wrong with a path, in words; undefined: it names a field that events may have. */
export function pathProblem(path: FieldPath): string | undefined {
  let fields = EVENT_FIELDS;
  for (const [index, name] of path.entries()) {
    const field = fields.get(String(name));
    if (field === undefined) {
      const before = path.slice(0, index).join('.');
      return `${before === '' ? 'an event' : before} has no field ${JSON.stringify(String(name))}; it has ${[...fields.keys()].join(', ')}`;
    }
    if (field.type === 'open' || field.type === 'texts') return undefined;
    if (field.type !== 'object') {
      return index === path.length - 1 ? undefined : `${path.slice(0, index + 1).join('.')} has no fields`;
    }
    fields = field.fields;
  }
  return undefined;
}

/** Undefined where the event does not have it. */
export function valueAt(event: AuditEvent, path: FieldPath): unknown {
  let value: unknown = event;
  for (const name of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = Reflect.get(value, name);
  }
  return value;
}

/** Text as it is, lists joined by commas, objects as JSON, nothing for what is not there. */
export function valueText(value: unknown): string {
  if (value === undefined || value === null) return '';
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return value.map(valueText).join(',');
  return JSON.stringify(value);
}

/** `.db.query.text`, `db.query.parameter.0`, `["db"]['query']`, `tables[0]`; undefined: it is no path. */
export function parseFieldPath(text: string): FieldPath | undefined {
  const steps = [...text.matchAll(/\.?([\w@-]+)|\[(?:(\d+)|'([^']*)'|"([^"]*)")\]/gy)];
  const length = steps.reduce((sum, [step]) => sum + step.length, 0);
  if (length === 0 || length !== text.length) return undefined;
  return steps.map(
    ([, name, index, quoted, doublyQuoted]) =>
      name ?? (index === undefined ? (quoted ?? doublyQuoted ?? '') : Number(index)),
  );
}
