import type { AuditEvent } from './audit-event.ts';

/** `names`: several texts; `map`: texts by names that whoever wrote them chose, `db.query.parameter.0` names one of them. */
export type FieldType = 'text' | 'names' | 'integer' | 'number' | 'boolean' | 'time' | 'address' | 'map';

export interface EventField {
  /** Its path in the event, as filters name it. */
  readonly name: string;
  /** Its column in the view `events` of `kubectl dbaudit query`. */
  readonly column: string;
  readonly type: FieldType;
  /** One line, lower case, no full stop; for the reference. */
  readonly meaning: string;
  /** Holds what users' literals may be in: shown and searched only with the right to. */
  readonly literal?: true;
}

/** Every field that can be filtered by, grouped by and selected. The order is that of the columns. */
export const EVENT_FIELD_LIST: readonly EventField[] = [
  { name: '@timestamp', column: 'time', type: 'time', meaning: 'when it began' },
  { name: 'event.id', column: 'id', type: 'text', meaning: 'unique; the same event delivered twice has the same' },
  { name: 'event.kind', column: 'kind', type: 'text', meaning: 'event or alert' },
  {
    name: 'event.action',
    column: 'action',
    type: 'text',
    meaning: 'what it is: db.query, db.session.start, db.gap, …',
  },
  { name: 'event.outcome', column: 'outcome', type: 'text', meaning: 'success, failure or unknown' },
  { name: 'event.dataset', column: 'dataset', type: 'text', meaning: 'what kind of source it is from' },
  { name: 'event.category', column: 'categories', type: 'names', meaning: 'ECS’ categories' },
  { name: 'event.type', column: 'types', type: 'names', meaning: 'ECS’ types' },
  { name: 'event.start', column: 'started', type: 'time', meaning: 'when the request was seen' },
  { name: 'event.end', column: 'ended', type: 'time', meaning: 'when the answer was complete' },
  { name: 'event.duration', column: 'duration_ns', type: 'integer', meaning: 'nanoseconds from start to end' },
  {
    name: 'event.sequence',
    column: 'sequence',
    type: 'integer',
    meaning: 'counts the events of one agent since it started',
  },
  { name: 'event.ingested', column: 'ingested', type: 'time', meaning: 'when the collector took it' },
  {
    name: 'event.severity',
    column: 'severity',
    type: 'integer',
    meaning: 'what its source makes of it; 0 is the worst',
  },
  {
    name: 'event.reason',
    column: 'reason',
    type: 'text',
    meaning: 'why a session ended or was not seen, or why there is a gap',
  },
  { name: 'message', column: 'message', type: 'text', meaning: 'a detail in words' },
  { name: 'db.system.name', column: 'system', type: 'text', meaning: 'mysql, mariadb, postgresql, redis' },
  { name: 'db.namespace', column: 'database', type: 'text', meaning: 'the database' },
  { name: 'db.operation.name', column: 'operation', type: 'text', meaning: 'SELECT, CREATE TABLE, HGETALL, …' },
  { name: 'db.collection.name', column: 'collection', type: 'text', meaning: 'the table, where it is one' },
  { name: 'db.query.text', column: 'statement', type: 'text', meaning: 'the statement', literal: true },
  { name: 'db.query.summary', column: 'summary', type: 'text', meaning: 'operation and target' },
  {
    name: 'db.query.parameter',
    column: 'parameters',
    type: 'map',
    meaning: 'parameters by position from 0',
    literal: true,
  },
  {
    name: 'db.response.status_code',
    column: 'status',
    type: 'text',
    meaning: '0 or 00000, or the database’s error code',
  },
  { name: 'db.response.returned_rows', column: 'returned_rows', type: 'integer', meaning: 'rows given back' },
  { name: 'user.name', column: 'user', type: 'text', meaning: 'the database account' },
  { name: 'error.code', column: 'error_code', type: 'text', meaning: 'the database’s error code' },
  { name: 'error.message', column: 'error_message', type: 'text', meaning: 'the database’s words', literal: true },
  { name: 'client.ip', column: 'client_ip', type: 'address', meaning: 'the client’s address' },
  { name: 'client.port', column: 'client_port', type: 'integer', meaning: 'the client’s port' },
  { name: 'client.bytes', column: 'client_bytes', type: 'integer', meaning: 'bytes of the request' },
  { name: 'server.ip', column: 'server_ip', type: 'address', meaning: 'the server’s address' },
  { name: 'server.port', column: 'server_port', type: 'integer', meaning: 'the server’s port' },
  { name: 'server.bytes', column: 'server_bytes', type: 'integer', meaning: 'bytes of the answer' },
  { name: 'network.protocol', column: 'protocol', type: 'text', meaning: 'the protocol as it was decoded' },
  {
    name: 'network.community_id',
    column: 'community_id',
    type: 'text',
    meaning: 'the connection, as other tools name it',
  },
  { name: 'kubernetes.namespace', column: 'namespace', type: 'text', meaning: 'of the pod whose traffic this is' },
  { name: 'kubernetes.pod.name', column: 'pod', type: 'text', meaning: 'the pod whose traffic this is' },
  { name: 'kubernetes.node.name', column: 'node', type: 'text', meaning: 'its node' },
  { name: 'dbaudit.session.id', column: 'session', type: 'text', meaning: 'the session' },
  {
    name: 'dbaudit.session.index',
    column: 'session_index',
    type: 'integer',
    meaning: 'counts the events of a session from 0',
  },
  {
    name: 'dbaudit.session.connection_id',
    column: 'connection_id',
    type: 'text',
    meaning: 'the server’s number for it',
  },
  {
    name: 'dbaudit.session.program',
    column: 'program',
    type: 'text',
    meaning: 'the client’s name for itself; a claim',
  },
  { name: 'dbaudit.session.driver', column: 'driver', type: 'text', meaning: 'the client’s library; a claim' },
  { name: 'dbaudit.session.server_version', column: 'server_version', type: 'text', meaning: 'the server’s version' },
  {
    name: 'dbaudit.session.tls.version',
    column: 'tls_version',
    type: 'text',
    meaning: 'set where the session is encrypted',
  },
  {
    name: 'dbaudit.session.captured_from_start',
    column: 'captured_from_start',
    type: 'boolean',
    meaning: 'whether the login was seen',
  },
  {
    name: 'dbaudit.session.auth.method',
    column: 'auth_method',
    type: 'text',
    meaning: 'how the client proved who it is',
  },
  { name: 'dbaudit.statement.kind', column: 'statement_kind', type: 'text', meaning: 'text, prepared, bulk, …' },
  { name: 'dbaudit.statement.class', column: 'class', type: 'text', meaning: 'READ, WRITE, DDL, ROLE, FUNCTION, MISC' },
  {
    name: 'dbaudit.statement.fingerprint',
    column: 'fingerprint',
    type: 'text',
    meaning: 'the same for statements that differ in literals only',
  },
  {
    name: 'dbaudit.statement.template',
    column: 'template',
    type: 'text',
    meaning: 'the statement without its literals',
  },
  { name: 'dbaudit.statement.tables', column: 'tables', type: 'names', meaning: 'tables, or keys' },
  {
    name: 'dbaudit.statement.text_length',
    column: 'text_length',
    type: 'integer',
    meaning: 'bytes of the whole statement',
  },
  { name: 'dbaudit.statement.truncated', column: 'truncated', type: 'boolean', meaning: 'whether the text was cut' },
  { name: 'dbaudit.result.bytes', column: 'result_bytes', type: 'integer', meaning: 'bytes of the answer' },
  { name: 'dbaudit.result.affected_rows', column: 'affected_rows', type: 'integer', meaning: 'rows changed' },
  { name: 'dbaudit.result.warnings', column: 'warnings', type: 'integer', meaning: 'the server’s warnings' },
  { name: 'dbaudit.result.sqlstate', column: 'sqlstate', type: 'text', meaning: 'SQLSTATE' },
  { name: 'dbaudit.capture.mode', column: 'capture_mode', type: 'text', meaning: 'sidecar, node, …' },
  { name: 'dbaudit.capture.gap_bytes', column: 'gap_bytes', type: 'integer', meaning: 'bytes that were not seen' },
  {
    name: 'dbaudit.capture.gap_packets',
    column: 'gap_packets',
    type: 'integer',
    meaning: 'packets that were not seen',
  },
  {
    name: 'dbaudit.capture.gap_connections',
    column: 'gap_connections',
    type: 'integer',
    meaning: 'connections that were not seen',
  },
  { name: 'dbaudit.capture.gap_events', column: 'gap_events', type: 'integer', meaning: 'events that were dropped' },
  { name: 'dbaudit.capture.notes', column: 'notes', type: 'names', meaning: 'what to know before trusting the rest' },
  { name: 'dbaudit.actor.type', column: 'actor_type', type: 'text', meaning: 'human or workload' },
  { name: 'dbaudit.actor.name', column: 'actor', type: 'text', meaning: 'who is behind the session' },
  { name: 'dbaudit.actor.method', column: 'actor_method', type: 'text', meaning: 'how that is known' },
  { name: 'dbaudit.actor.confidence', column: 'actor_confidence', type: 'number', meaning: 'from 0 to 1' },
  {
    name: 'dbaudit.client.k8s.kind',
    column: 'client_kind',
    type: 'text',
    meaning: 'pod, service, node, external, unknown, …',
  },
  { name: 'dbaudit.client.k8s.namespace', column: 'client_namespace', type: 'text', meaning: 'of the client’s pod' },
  { name: 'dbaudit.client.k8s.pod', column: 'client_pod', type: 'text', meaning: 'the client’s pod' },
  { name: 'dbaudit.client.k8s.node', column: 'client_node', type: 'text', meaning: 'the client’s node' },
  {
    name: 'dbaudit.client.k8s.service',
    column: 'client_service',
    type: 'text',
    meaning: 'the service in front of the client',
  },
  {
    name: 'dbaudit.client.k8s.service_account',
    column: 'client_service_account',
    type: 'text',
    meaning: 'of the client’s pod',
  },
  {
    name: 'dbaudit.client.k8s.owner.kind',
    column: 'client_owner_kind',
    type: 'text',
    meaning: 'Deployment, StatefulSet, …',
  },
  { name: 'dbaudit.client.k8s.owner.name', column: 'client_owner', type: 'text', meaning: 'the client’s workload' },
  {
    name: 'dbaudit.server.k8s.kind',
    column: 'server_kind',
    type: 'text',
    meaning: 'pod, service, node, external, unknown, …',
  },
  { name: 'dbaudit.server.k8s.namespace', column: 'server_namespace', type: 'text', meaning: 'of the server’s pod' },
  { name: 'dbaudit.server.k8s.pod', column: 'server_pod', type: 'text', meaning: 'the server’s pod' },
  { name: 'dbaudit.server.k8s.node', column: 'server_node', type: 'text', meaning: 'the server’s node' },
  {
    name: 'dbaudit.server.k8s.service',
    column: 'server_service',
    type: 'text',
    meaning: 'the service in front of the server',
  },
  {
    name: 'dbaudit.server.k8s.service_account',
    column: 'server_service_account',
    type: 'text',
    meaning: 'of the server’s pod',
  },
  {
    name: 'dbaudit.server.k8s.owner.kind',
    column: 'server_owner_kind',
    type: 'text',
    meaning: 'Deployment, StatefulSet, …',
  },
  { name: 'dbaudit.server.k8s.owner.name', column: 'server_owner', type: 'text', meaning: 'the server’s workload' },
  { name: 'rule.id', column: 'rule', type: 'text', meaning: 'the rule of an alert, or of what others found' },
  {
    name: 'dbaudit.alert.level',
    column: 'alert_level',
    type: 'text',
    meaning: 'informational, low, medium, high, critical',
  },
  {
    name: 'dbaudit.access.resource',
    column: 'access_resource',
    type: 'text',
    meaning: 'what of the audit store was read, or refused',
  },
  { name: 'dbaudit.traits', column: 'traits', type: 'names', meaning: 'what stands out in the object of a request' },
  {
    name: 'kubernetes.audit.auditID',
    column: 'audit_id',
    type: 'text',
    meaning: 'the API server’s number of a request',
  },
  {
    name: 'kubernetes.audit.stage',
    column: 'stage',
    type: 'text',
    meaning: 'the stage of a request to the API server',
  },
  { name: 'kubernetes.audit.verb', column: 'verb', type: 'text', meaning: 'get, list, create, delete, …' },
  { name: 'kubernetes.audit.user.username', column: 'api_user', type: 'text', meaning: 'who asked the API server' },
  { name: 'kubernetes.audit.user.groups', column: 'api_groups', type: 'names', meaning: 'the groups of who asked' },
  {
    name: 'kubernetes.audit.sourceIPs',
    column: 'source_ips',
    type: 'names',
    meaning: 'from where the API server was asked',
  },
  { name: 'kubernetes.audit.userAgent', column: 'api_client', type: 'text', meaning: 'the client’s name for itself' },
  {
    name: 'kubernetes.audit.requestURI',
    column: 'request_uri',
    type: 'text',
    meaning: 'what was asked of the API server, with the words of an exec',
    literal: true,
  },
  {
    name: 'kubernetes.audit.objectRef.apiGroup',
    column: 'api_group',
    type: 'text',
    meaning: 'of the object of a request',
  },
  { name: 'kubernetes.audit.objectRef.resource', column: 'resource', type: 'text', meaning: 'pods, secrets, …' },
  {
    name: 'kubernetes.audit.objectRef.subresource',
    column: 'subresource',
    type: 'text',
    meaning: 'exec, portforward, …',
  },
  {
    name: 'kubernetes.audit.objectRef.namespace',
    column: 'object_namespace',
    type: 'text',
    meaning: 'of the object of a request',
  },
  { name: 'kubernetes.audit.objectRef.name', column: 'object', type: 'text', meaning: 'the object of a request' },
  {
    name: 'kubernetes.audit.responseStatus.code',
    column: 'api_status',
    type: 'integer',
    meaning: 'the API server’s answer',
  },
  { name: 'http.request.method', column: 'http_method', type: 'text', meaning: 'of a web request' },
  { name: 'http.response.status_code', column: 'http_status', type: 'integer', meaning: 'of a web request' },
  { name: 'url.path', column: 'url_path', type: 'text', meaning: 'of a web request' },
];

const BY_NAME: ReadonlyMap<string, EventField> = new Map(EVENT_FIELD_LIST.map((field) => [field.name, field]));

/**
 * The field of this name; one entry of a map (`db.query.parameter.0`) is a text of its own, with the map's
 * column.
 */
export function eventField(name: string): EventField | undefined {
  const known = BY_NAME.get(name);
  if (known !== undefined) return known;
  const map = mapOf(name);
  return map === undefined ? undefined : { ...map, name, type: 'text' };
}

function mapOf(name: string): EventField | undefined {
  return EVENT_FIELD_LIST.find((field) => field.type === 'map' && name.startsWith(`${field.name}.`));
}

/** The map and the key in it that a field is an entry of, `db.query.parameter` and `0`; undefined for other fields. */
export function entryOfMap({ name }: EventField): { readonly map: EventField; readonly key: string } | undefined {
  const map = BY_NAME.has(name) ? undefined : mapOf(name);
  return map === undefined ? undefined : { map, key: name.slice(map.name.length + 1) };
}

/** The steps from an event to a field: its name's parts, but of an entry of a map the key, dots and all, is one. */
export function fieldPath(name: string): readonly string[] {
  const map = BY_NAME.has(name) ? undefined : mapOf(name);
  return map === undefined ? name.split('.') : [...map.name.split('.'), name.slice(map.name.length + 1)];
}

/** What an event has under a field's name; undefined where it has not. */
export function fieldValue(event: AuditEvent, name: string): unknown {
  let value: unknown = event;
  for (const step of fieldPath(name)) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined;
    value = Reflect.get(value, step);
  }
  return value ?? undefined;
}
