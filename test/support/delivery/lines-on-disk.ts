import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventIdOf } from '../../../delivery/event-id.ts';

const LINE_START = Buffer.from('{"@timestamp"');
const LINE_END = Buffer.from('}\n');

/**
 * Ids of the events whose whole lines are somewhere in the files below a directory, whatever stands around them: what a
 * spool holds, without asking the spool.
 */
export function eventIdsIn(directory: string): string[] {
  const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files.flatMap(({ parentPath, name }) => idsOf(readFileSync(join(parentPath, name))));
}

function idsOf(bytes: Buffer): string[] {
  const ids: string[] = [];
  for (let start = bytes.indexOf(LINE_START); start >= 0; ) {
    const next = bytes.indexOf(LINE_START, start + 1);
    const end = bytes.indexOf(LINE_END, start);
    const id = end >= 0 && (next < 0 || end < next) ? eventIdOf(bytes.subarray(start, end)) : undefined;
    if (id !== undefined) ids.push(id);
    start = next;
  }
  return ids;
}
