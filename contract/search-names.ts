/** A short name of a field in a search. Fields without one are named in full, or by their column. */
export interface SearchName {
  readonly name: string;
  readonly field: string;
  /** `:` compares in any case: what people type in lower case is written in upper case in events, or the other way round. */
  readonly anyCase?: true;
  readonly example: string;
}

/** For the parser, the help of the plug-in and of the page, and the reference. Grouped as people look for them. */
export const SEARCH_NAMES: readonly SearchName[] = [
  { name: 'user', field: 'user.name', example: 'user:app' },
  { name: 'db', field: 'db.namespace', example: 'db:shop' },
  { name: 'table', field: 'dbaudit.statement.tables', example: 'table:orders*' },
  { name: 'op', field: 'db.operation.name', anyCase: true, example: '-op:select' },
  { name: 'class', field: 'dbaudit.statement.class', anyCase: true, example: 'class:ddl,role' },
  { name: 'text', field: 'db.query.text', anyCase: true, example: 'text:*password*' },
  { name: 'fingerprint', field: 'dbaudit.statement.fingerprint', example: 'fingerprint:3782519c6e1d5d9d' },
  { name: 'outcome', field: 'event.outcome', anyCase: true, example: 'outcome:failure' },
  { name: 'error', field: 'error.code', anyCase: true, example: 'error:' },
  { name: 'status', field: 'db.response.status_code', example: 'status:1062' },
  { name: 'duration', field: 'event.duration', example: 'duration>200ms' },
  { name: 'rows', field: 'db.response.returned_rows', example: 'rows>1000' },
  { name: 'affected', field: 'dbaudit.result.affected_rows', example: 'affected>=1k' },
  { name: 'bytes', field: 'dbaudit.result.bytes', example: 'bytes>10Mi' },
  { name: 'system', field: 'db.system.name', anyCase: true, example: 'system:postgresql' },
  { name: 'from', field: 'client.ip', example: 'from:10.0.0.0/8' },
  { name: 'to', field: 'server.ip', example: 'to:fd00::2' },
  { name: 'ns', field: 'kubernetes.namespace', example: 'ns:shop' },
  { name: 'pod', field: 'kubernetes.pod.name', example: 'pod:web-*' },
  { name: 'node', field: 'kubernetes.node.name', example: 'node:worker-1' },
  { name: 'client', field: 'dbaudit.client.k8s.pod', example: 'client:api-*' },
  { name: 'workload', field: 'dbaudit.client.k8s.owner.name', example: 'workload:api' },
  { name: 'account', field: 'dbaudit.client.k8s.service_account', example: 'account:default' },
  { name: 'actor', field: 'dbaudit.actor.name', example: 'actor:alice' },
  { name: 'program', field: 'dbaudit.session.program', anyCase: true, example: 'program:*dbeaver*' },
  { name: 'session', field: 'dbaudit.session.id', example: 'session:43276fc6223d03d4037542b8b8c3d71d' },
  { name: 'action', field: 'event.action', example: 'action:db.session.*' },
  { name: 'reason', field: 'event.reason', example: 'reason:encrypted' },
  { name: 'note', field: 'dbaudit.capture.notes', example: 'note:*' },
  { name: 'rule', field: 'rule.id', example: 'rule:db.ddl.drop' },
  { name: 'level', field: 'dbaudit.alert.level', anyCase: true, example: 'level:high,critical' },
  { name: 'verb', field: 'kubernetes.audit.verb', anyCase: true, example: 'verb:delete' },
  { name: 'resource', field: 'kubernetes.audit.objectRef.resource', example: 'resource:secrets' },
  { name: 'time', field: '@timestamp', example: 'time>=2026-01-02T15:04:05Z' },
];

/** `slow:200ms`: as long, or longer; `slow:` alone: longer than a second. */
export const SLOW = 'slow';
