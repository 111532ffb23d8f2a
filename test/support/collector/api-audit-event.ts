import type { AuditEvent } from '../../../contract/audit-event.ts';
import { auditEvent } from '../audit-events.ts';

/** A request to the API server, with fields of its own beyond those that are named in the schema. */
export function apiAuditEvent(): AuditEvent {
  const {
    db: _db,
    client: _client,
    server: _server,
    user: _user,
    network: _network,
    ...event
  } = auditEvent({
    event: { category: ['api'], action: 'k8s.api', dataset: 'dbaudit.apiserver' },
  });
  const { session: _session, statement: _statement, result: _result, ...details } = event.dbaudit;
  return {
    ...event,
    kubernetes: {
      namespace: 'shop',
      audit: {
        auditID: '6a0f2c8e',
        stage: 'ResponseComplete',
        verb: 'create',
        user: { username: 'alice', groups: ['system:authenticated'], extra: { scopes: ['a'] } },
        sourceIPs: ['10.0.0.9'],
        objectRef: { resource: 'pods', subresource: 'exec', namespace: 'shop', name: 'orders-7d9f8-abcde' },
        responseStatus: { code: 101 },
        annotations: { 'authorization.k8s.io/decision': 'allow' },
      },
    },
    dbaudit: details,
  };
}
