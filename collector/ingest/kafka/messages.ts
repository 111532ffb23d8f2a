import type { AuditEvent } from '../../../contract/audit-event.ts';
import { checkEvent } from '../event-check.ts';

/** What is read of a message. */
export interface SourceMessage {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  readonly leaderEpoch: number;
  /** Absent: a tombstone. */
  readonly value: Buffer | undefined;
}

/** Messages of one partition, in their order. */
export interface PartitionBatch {
  readonly topic: string;
  readonly partition: number;
  readonly messages: readonly SourceMessage[];
}

/** An agent cuts statements; what is longer than this is no event of one. */
const MAX_MESSAGE_BYTES = 4 * 1_048_576;

export function byPartition(messages: readonly SourceMessage[]): readonly PartitionBatch[] {
  const batches = new Map<string, { topic: string; partition: number; messages: SourceMessage[] }>();
  for (const message of messages) {
    const { topic, partition } = message;
    const key = `${topic}/${partition}`;
    const batch = batches.get(key) ?? { topic, partition, messages: [] };
    batch.messages.push(message);
    batches.set(key, batch);
  }
  return [...batches.values()];
}

/** The event in a message; `reason` says why there is none, without its content. */
export function eventOfMessage({ value }: SourceMessage): { readonly event: AuditEvent } | { readonly reason: string } {
  if (value === undefined) return { reason: 'no value' };
  if (value.length > MAX_MESSAGE_BYTES) return { reason: `longer than ${MAX_MESSAGE_BYTES} bytes` };
  let content: unknown;
  try {
    content = JSON.parse(value.toString('utf8'));
  } catch {
    return { reason: 'no JSON' };
  }
  return checkEvent(content);
}
