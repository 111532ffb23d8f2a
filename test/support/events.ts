import { readFileSync } from 'node:fs';
import type { AuditEvent } from '../../contract/audit-event.ts';

/** Reads NDJSON as the agent writes it. */
export function parseEvents(ndjson: string): AuditEvent[] {
  return ndjson
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as AuditEvent);
}

export function readEvents(file: string): AuditEvent[] {
  return parseEvents(readFileSync(file, 'utf8'));
}
