import type * as z from 'zod';
import { type AuditEvent, auditEventSchema } from '../../contract/audit-event.ts';
import { compileCheck, isNestedAtMost } from './compiled-check.ts';

/** Of what others wrote into open places of an event (`kubernetes.audit`): deeper is written to break who reads it. */
const MAX_NESTING = 32;
const MAX_REASON_LENGTH = 300;

export type CheckedEvent = { readonly event: AuditEvent } | { readonly reason: string };

const isSurelyValid = compileCheck(auditEventSchema, MAX_NESTING);

/** Whether what came over the wire is an event; `reason` says where it is not, without the values in it. */
export function checkEvent(value: unknown): CheckedEvent {
  if (isSurelyValid(value)) return { event: value };
  const parsed = auditEventSchema.safeParse(value);
  if (!parsed.success) return { reason: reasonOf(parsed.error) };
  if (!isNestedAtMost(parsed.data, MAX_NESTING)) return { reason: `nested deeper than ${MAX_NESTING}` };
  return { event: parsed.data };
}

function reasonOf({ issues: [issue] }: z.ZodError): string {
  const where = issue === undefined || issue.path.length === 0 ? '' : `${issue.path.join('.')}: `;
  return `no audit event: ${where}${issue?.message ?? 'not valid'}`.slice(0, MAX_REASON_LENGTH);
}
