import { createHash } from 'node:crypto';
import { secretSpans } from '../../agent/sql/content-secrets.ts';
import type { AuditEvent } from '../../contract/audit-event.ts';
import { MASKED } from '../../contract/masked.ts';
import { ECS_VERSION } from '../../contract/version.ts';

/** What others write holds a line or two; a probe's output can be 10 KiB. */
const MAX_MESSAGE_LENGTH = 4_096;
/** Characters of a hash: 128 bits make two events with the same id a matter of never. */
const ID_LENGTH = 32;

/** The events of a body, or what is wrong with it and where: `Controls.0.tests: …`. */
export type ReadBody =
  | { readonly events: readonly AuditEvent[]; readonly problem?: undefined }
  | { readonly problem: string; readonly events?: undefined };

export interface ThirdPartyContext {
  /** When it came, in milliseconds since 1970. */
  readonly at: number;
  /** The node that it is about, where the body does not say; absent: not known. */
  readonly node?: string;
}

type Own = Pick<AuditEvent['event'], 'id' | 'kind' | 'category' | 'type' | 'action' | 'outcome' | 'dataset'> &
  Pick<Partial<AuditEvent['event']>, 'severity' | 'reason'>;

/** What all events have that others saw and we pass on; credentials in their words are masked. */
export function thirdPartyEvent(
  timestamp: string,
  event: Own,
  message: string,
  more: Pick<Partial<AuditEvent>, 'kubernetes' | 'rule' | 'orchestrator'>,
): AuditEvent {
  return {
    '@timestamp': timestamp,
    message: withoutSecrets(message.slice(0, MAX_MESSAGE_LENGTH)),
    ecs: { version: ECS_VERSION },
    // They come from many places, each with a count of its own or none.
    event: { ...event, sequence: 0 },
    ...more,
    dbaudit: { schema: 1, capture: { mode: 'collector' } },
  };
}

/** RFC 3339 with nanoseconds, as our events have it. */
export function timestampOf(millis: number): string {
  return new Date(millis).toISOString().replace('Z', '000000Z');
}

/** The same for the same content, whatever the order of its members. */
export function contentId(prefix: string, content: unknown): string {
  return `${prefix}-${createHash('sha256').update(canonical(content)).digest('hex').slice(0, ID_LENGTH)}`;
}

function canonical(content: unknown): string {
  return JSON.stringify(content, (_, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)))
      : value,
  );
}

function withoutSecrets(text: string): string {
  return secretSpans(text, 0, text.length, false)
    .toReversed()
    .reduce((masked, { start, end }) => `${masked.slice(0, start)}${MASKED}${masked.slice(end)}`, text);
}
