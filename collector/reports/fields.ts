import type { RankedField } from './blocks.ts';
import type { ReportTexts } from './texts/index.ts';

/** The fields that reports rank by, under the names readers know them by. */
export function fieldsOf({ words }: ReportTexts) {
  return {
    account: { field: 'user.name', title: words.account },
    database: { field: 'db.namespace', title: words.database },
    system: { field: 'db.system.name', title: words.system },
    table: { field: 'dbaudit.statement.tables', title: words.table, code: true },
    client: { field: 'client.ip', title: words.client, code: true },
    clientNamespace: { field: 'dbaudit.client.k8s.namespace', title: words.clientNamespace },
    workload: { field: 'dbaudit.client.k8s.owner.name', title: words.workload },
    server: { field: 'server.ip', title: words.server, code: true },
    serverPort: { field: 'server.port', title: words.port },
    program: { field: 'dbaudit.session.program', title: words.program },
    statementClass: { field: 'dbaudit.statement.class', title: words.class },
    operation: { field: 'db.operation.name', title: words.operation },
    statement: { field: 'dbaudit.statement.template', title: words.statement, code: true },
    fingerprint: { field: 'dbaudit.statement.fingerprint', title: words.fingerprint, code: true },
    errorCode: { field: 'error.code', title: words.errorCode, code: true },
    authMethod: { field: 'dbaudit.session.auth.method', title: words.method },
    tls: { field: 'dbaudit.session.tls.version', title: words.tls },
    reason: { field: 'event.reason', title: words.reason },
    namespace: { field: 'kubernetes.namespace', title: words.namespace },
    pod: { field: 'kubernetes.pod.name', title: words.pod },
    action: { field: 'event.action', title: words.action, code: true },
    apiUser: { field: 'kubernetes.audit.user.username', title: words.user },
    apiVerb: { field: 'kubernetes.audit.verb', title: words.verb },
    objectNamespace: { field: 'kubernetes.audit.objectRef.namespace', title: words.namespace },
    object: { field: 'kubernetes.audit.objectRef.name', title: words.object },
    apiStatus: { field: 'kubernetes.audit.responseStatus.code', title: words.answer },
    actor: { field: 'dbaudit.actor.name', title: words.user },
    resource: { field: 'dbaudit.access.resource', title: words.resource },
  } as const satisfies Readonly<Record<string, RankedField>>;
}
