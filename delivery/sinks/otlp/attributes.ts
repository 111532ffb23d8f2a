/** https://opentelemetry.io/docs/specs/otel/common/#anyvalue in the JSON of OTLP: integers of 64 bits are text. */
type AnyValue =
  | { readonly stringValue: string }
  | { readonly intValue: string }
  | { readonly doubleValue: number }
  | { readonly boolValue: boolean }
  | { readonly arrayValue: { readonly values: readonly AnyValue[] } };

export interface Attribute {
  readonly key: string;
  readonly value: AnyValue;
}

/** One member of an event, under its own name or that of a semantic convention. */
interface Mapping {
  readonly path: readonly string[];
  readonly key: string;
}

/**
 * What people search by. `db.*`, `client.*`, `server.*`, `network.*` and `user.name` are named in events as in the semantic
 * conventions, or nearly so; where those have no word the event's own name is kept.
 * https://opentelemetry.io/docs/specs/semconv/database/database-spans/
 */
const EVENT_ATTRIBUTES = mappings(
  [
    'event.outcome',
    'event.reason',
    'event.dataset',
    'event.sequence',
    'event.duration',
    'db.system.name',
    'db.namespace',
    'db.operation.name',
    'db.collection.name',
    'db.query.text',
    'db.query.summary',
    'db.response.status_code',
    'db.response.returned_rows',
    'error.message',
    'client.port',
    'server.port',
    'network.transport',
    'network.type',
    'user.name',
    'dbaudit.session.id',
    'dbaudit.session.index',
    'dbaudit.session.program',
    'dbaudit.statement.kind',
    'dbaudit.statement.class',
    'dbaudit.statement.fingerprint',
    'dbaudit.statement.tables',
    'dbaudit.result.affected_rows',
    'dbaudit.capture.mode',
    'dbaudit.capture.sink',
    'dbaudit.capture.gap_bytes',
    'dbaudit.capture.gap_packets',
    'dbaudit.capture.gap_connections',
    'dbaudit.capture.gap_events',
    'dbaudit.actor.type',
    'dbaudit.actor.name',
    'dbaudit.actor.confidence',
  ],
  {
    'event.id': 'log.record.uid',
    'error.code': 'error.type',
    'client.ip': 'client.address',
    'server.ip': 'server.address',
  },
);

/** https://opentelemetry.io/docs/specs/semconv/resource/k8s/ */
const RESOURCE_ATTRIBUTES = mappings([], {
  'kubernetes.namespace': 'k8s.namespace.name',
  'kubernetes.pod.name': 'k8s.pod.name',
  'kubernetes.node.name': 'k8s.node.name',
});

const PARAMETERS = ['db', 'query', 'parameter'];

function mappings(same: readonly string[], renamed: Readonly<Record<string, string>>): readonly Mapping[] {
  const pairs = [...same.map((path) => [path, path] as const), ...Object.entries(renamed)];
  return pairs.map(([path, key]) => ({ path: path.split('.'), key }));
}

/** Of one log record. */
export function eventAttributes(event: object): Attribute[] {
  const attributes = mapped(event, EVENT_ATTRIBUTES);
  const parameters = memberAt(event, PARAMETERS);
  if (typeof parameters === 'object' && parameters !== null) {
    for (const [name, value] of Object.entries(parameters)) {
      // Semantic conventions want text; SQL's NULL is no value.
      if (typeof value === 'string') attributes.push(attribute(`db.query.parameter.${name}`, value));
    }
  }
  return attributes;
}

/** What all events of one pod have in common. */
export function podAttributes(event: object): Attribute[] {
  return mapped(event, RESOURCE_ATTRIBUTES);
}

export function attribute(key: string, value: string): Attribute {
  return { key, value: { stringValue: value } };
}

/** Undefined where a member on the way is not there. */
export function memberAt(event: object, path: readonly string[]): unknown {
  let at: unknown = event;
  for (const name of path) {
    if (typeof at !== 'object' || at === null) return undefined;
    at = Reflect.get(at, name);
  }
  return at;
}

function mapped(event: object, mappings: readonly Mapping[]): Attribute[] {
  const attributes: Attribute[] = [];
  for (const { path, key } of mappings) {
    const value = anyValue(memberAt(event, path));
    if (value !== undefined) attributes.push({ key, value });
  }
  return attributes;
}

function anyValue(value: unknown): AnyValue | undefined {
  switch (typeof value) {
    case 'string':
      return { stringValue: value };
    case 'boolean':
      return { boolValue: value };
    case 'number':
      return Number.isSafeInteger(value) ? { intValue: String(value) } : { doubleValue: value };
    default: {
      if (!Array.isArray(value)) return undefined;
      return { arrayValue: { values: value.map(anyValue).filter((one) => one !== undefined) } };
    }
  }
}
