import type { AuditEvent } from '../contract/audit-event.ts';
import { CompactFormat } from './events/formats/compact.ts';
import { createTimeFormat } from './events/formats/time-format.ts';
import { KnownAddresses } from './events/known-addresses.ts';

/** Events as the lines that `tail` and `replay` print, headings first, cut to `width` columns; undefined: uncut. Times are UTC. */
export function formatEventTable(events: readonly AuditEvent[], width: number | undefined): string[] {
  const format = new CompactFormat({
    width: () => width,
    paint: (_, text) => text,
    time: createTimeFormat('time', 'UTC'),
    known: new KnownAddresses(),
    highlight: [],
  });
  const received = events.map((event) => ({ event, line: '' }));
  format.prepare(received);
  return [...format.headings(), ...received.flatMap((one) => format.lines(one))];
}
