import * as z from 'zod';
import { auditEventSchema } from '../../../contract/audit-event.ts';

/**
 * Raised with each change of the mappings: an agent installs its template over an older one, never over a newer one. A test
 * holds it to the mappings.
 */
export const TEMPLATE_VERSION = 2;

/** In the template's `_meta`. A template without it is somebody else's and is left alone. */
export const MANAGED_BY = 'dbaudit';

/** Above the templates that the products bring along for all sorts of names (100 at most). */
const PRIORITY = 200;

/** ECS' own bound. Longer values are kept and shown, only not searched as a whole: Lucene takes no term above 32,766 bytes. */
const KEYWORD_CHARACTERS = 1024;

/** What people search by words. The others are searched by their whole value. */
const WORDS = new Set(['message', 'error.message', 'db.query.text', 'dbaudit.statement.template']);

interface FieldMapping {
  readonly type?: string;
  readonly enabled?: boolean;
  readonly dynamic?: boolean;
  readonly ignore_above?: number;
  readonly ignore_malformed?: boolean;
  readonly fields?: Readonly<Record<string, FieldMapping>>;
  readonly properties?: Readonly<Record<string, FieldMapping>>;
}

/** What `z.toJSONSchema` makes of the contract, as far as mappings need it. */
interface JsonSchema {
  readonly type?: string | undefined;
  readonly const?: unknown;
  readonly enum?: readonly unknown[] | undefined;
  readonly pattern?: string | undefined;
  readonly format?: string | undefined;
  readonly anyOf?: readonly JsonSchema[] | undefined;
  readonly items?: JsonSchema | undefined;
  readonly properties?: Readonly<Record<string, JsonSchema>> | undefined;
}

const jsonSchema: z.ZodType<JsonSchema> = z.looseObject({
  type: z.string().optional(),
  enum: z.array(z.unknown()).optional(),
  pattern: z.string().optional(),
  format: z.string().optional(),
  get anyOf() {
    return z.array(jsonSchema).optional();
  },
  get items() {
    return jsonSchema.optional();
  },
  get properties() {
    return z.record(z.string(), jsonSchema).optional();
  },
});

/**
 * Mappings made of the contract, so that no field is forgotten. `dynamic: false`: what they do not name is kept and shown but
 * not searched; so neither a newer agent nor what a client puts into its statements can enlarge the mapping or contradict it.
 * Only types that OpenSearch and Elasticsearch have had in all versions with data streams. Maps with free keys are kept
 * whole: `flat_object` refuses a document with a value above 32,766 bytes.
 */
export function indexMappings(): FieldMapping {
  const { properties = {} } = jsonSchema.parse(z.toJSONSchema(auditEventSchema));
  return { dynamic: false, properties: mappingsOf(properties, '') };
}

/** The body of `PUT _index_template`. https://docs.opensearch.org/latest/im-plugin/index-templates/ */
export function indexTemplate(
  dataStream: string,
  settings: Readonly<Record<string, string | number | boolean>>,
): object {
  return {
    index_patterns: [dataStream],
    data_stream: {},
    priority: PRIORITY,
    template: { settings: { index: settings }, mappings: indexMappings() },
    _meta: { managed_by: MANAGED_BY, version: TEMPLATE_VERSION },
  };
}

function mappingsOf(properties: Readonly<Record<string, JsonSchema>>, path: string): Record<string, FieldMapping> {
  return Object.fromEntries(
    Object.entries(properties).map(([name, schema]) => [name, mappingOf(schema, `${path}${name}`)]),
  );
}

function mappingOf(schema: JsonSchema, path: string): FieldMapping {
  const { type = typeof schema.const, format, anyOf, items, properties } = schema;
  if (items !== undefined) return mappingOf(items, path);
  if (anyOf?.some((one) => one.format === 'ipv4') === true) return { type: 'ip', ignore_malformed: true };
  switch (type) {
    case 'object':
      return properties === undefined || Object.keys(properties).length === 0
        ? { type: 'object', enabled: false }
        : { properties: mappingsOf(properties, `${path}.`) };
    case 'integer':
      return { type: 'long', ignore_malformed: true };
    case 'number':
      return { type: Number.isInteger(schema.const) ? 'long' : 'float', ignore_malformed: true };
    case 'boolean':
      return { type: 'boolean' };
    case 'string':
      // A data stream's own time may not be anything but a time.
      if (path === '@timestamp') return { type: 'date_nanos' };
      if (isTimestamp(schema)) return { type: 'date_nanos', ignore_malformed: true };
      return WORDS.has(path) ? { type: 'text', fields: { keyword: KEYWORD } } : KEYWORD;
    default:
      throw new TypeError(`the mapping of ${path} is not decided: ${type} ${format ?? ''}`);
  }
}

const KEYWORD: FieldMapping = { type: 'keyword', ignore_above: KEYWORD_CHARACTERS };

function isTimestamp({ pattern }: JsonSchema): boolean {
  return pattern?.startsWith('^\\d{4}-\\d\\d-\\d\\dT') ?? false;
}
