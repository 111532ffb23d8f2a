import { readFileSync } from 'node:fs';
import type { AuditEvent } from '../../contract/audit-event.ts';

const LINE_END = 0x0a;

/** Calls `visit` with each event of NDJSON as the agent writes it; half a minute at full speed is more than fits one string. */
function visitEvents(ndjson: Buffer, visit: (event: AuditEvent) => void): void {
  for (let start = 0; start < ndjson.length; ) {
    const found = ndjson.indexOf(LINE_END, start);
    const end = found < 0 ? ndjson.length : found;
    visit(JSON.parse(ndjson.toString('utf8', start, end)) as AuditEvent);
    start = end + 1;
  }
}

export function parseEvents(ndjson: Buffer): AuditEvent[] {
  const events: AuditEvent[] = [];
  visitEvents(ndjson, (event) => events.push(event));
  return events;
}

export function visitEventsOf(file: string, visit: (event: AuditEvent) => void): void {
  visitEvents(readFileSync(file), visit);
}
