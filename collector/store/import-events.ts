import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { AuditEvent } from '../../contract/audit-event.ts';
import type { AppendResult } from './event-store.ts';

/** Events given to the store at once. */
const BATCH_EVENTS = 2_000;

/** What came of an import. */
export interface Imported {
  readonly added: number;
  readonly repeated: number;
  /** Lines that are no events, by their number from 1 and why. */
  readonly refused: readonly { readonly line: number; readonly reason: string }[];
}

/** More refusals than this are counted in nobody's favour: the file is none of events. */
const REFUSED_LINES = 1_000;

/**
 * Brings in NDJSON that was taken out of this or another store. What is kept already is left out, so it can be done again.
 * `eventOf` reads a line. Ends early after REFUSED_LINES lines that are none.
 */
export async function importEvents(
  input: Readable,
  eventOf: (line: string) => { readonly event: AuditEvent } | { readonly reason: string },
  append: (events: readonly AuditEvent[]) => Promise<AppendResult>,
): Promise<Imported> {
  const refused: { line: number; reason: string }[] = [];
  let [line, added, repeated] = [0, 0, 0];
  let batch: AuditEvent[] = [];
  const flush = async () => {
    const result = await append(batch);
    added += result.added.length;
    repeated += result.repeated;
    batch = [];
  };
  for await (const text of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    line += 1;
    if (text === '') continue;
    const read = eventOf(text);
    if ('event' in read) batch.push(read.event);
    else if (refused.push({ line, reason: read.reason }) >= REFUSED_LINES) break;
    if (batch.length >= BATCH_EVENTS) await flush();
  }
  if (batch.length > 0) await flush();
  return { added, repeated, refused };
}
