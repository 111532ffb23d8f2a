import type { AuditEvent } from '../audit-event.ts';
import type { Redaction } from '../sql/analysis.ts';
import type { Enricher } from './index.ts';

export function buildRedact(_redaction: Redaction): Enricher {
  return (event: AuditEvent) => event;
}
