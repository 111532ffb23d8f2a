import * as z from 'zod';
import { type AuditEvent, auditEventSchema } from '../../contract/audit-event.ts';

/** An event and the line of NDJSON it came in. */
export interface Received {
  readonly event: AuditEvent;
  /** Without its newline. */
  readonly line: string;
}

/** When an event was complete, which is when its agent wrote it. */
export function completedAt({ event }: Received): string {
  return event.event.end ?? event['@timestamp'];
}

export type LineContent =
  | { readonly kind: 'event'; readonly received: Received }
  /** An event that cannot be read: it was torn, or a newer version wrote it. */
  | { readonly kind: 'unreadable'; readonly problem: string }
  /** Something else, such as an agent's own log; JSON is given parsed. */
  | { readonly kind: 'other'; readonly json?: Readonly<Record<string, unknown>> };

const jsonObject = z.record(z.string(), z.unknown());
const marked = z.looseObject({ dbaudit: z.looseObject({ schema: z.unknown() }) });
/** Every event's line begins so, also one that was torn in the middle. */
const EVENT_START = '{"@timestamp":';
const NEWER_VERSION = 'it is of another version of dbaudit';

/** Reads one line. Events are known by `dbaudit.schema`; fields that this version does not know are passed over. */
export function readLine(line: string): LineContent {
  if (!line.startsWith('{')) return { kind: 'other' };
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return line.startsWith(EVENT_START) ? { kind: 'unreadable', problem: 'its line is torn' } : { kind: 'other' };
  }
  const known = auditEventSchema.safeParse(value);
  if (known.success) return { kind: 'event', received: { event: known.data, line } };
  if (!marked.safeParse(value).success) {
    const json = jsonObject.safeParse(value).data;
    return json === undefined ? { kind: 'other' } : { kind: 'other', json };
  }
  const event = withoutUnknownFields(value, known.error);
  if (event !== undefined) return { kind: 'event', received: { event, line } };
  const [issue] = known.error.issues;
  return { kind: 'unreadable', problem: `${NEWER_VERSION} (${issue?.path.join('.')}: ${issue?.message})` };
}

/** What is left when the fields are removed that a newer version of the same schema has added. */
function withoutUnknownFields(value: unknown, { issues }: z.ZodError): AuditEvent | undefined {
  const copy = structuredClone(value);
  for (const issue of issues) {
    if (issue.code !== 'unrecognized_keys') return undefined;
    const holder = issue.path.reduce<unknown>((at, key) => (isRecord(at) ? at[String(key)] : undefined), copy);
    if (isRecord(holder)) for (const key of issue.keys) delete holder[key];
  }
  return auditEventSchema.safeParse(copy).data;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
