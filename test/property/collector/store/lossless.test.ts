import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { EVENT_SELECTION } from '../../../../collector/store/duckdb/columns.ts';
import { eventsOf } from '../../../../collector/store/duckdb/event-decoder.ts';
import { nanosOf, textOfNanos } from '../../../../collector/store/duckdb/timestamps.ts';
import { type AuditEvent, auditEventSchema } from '../../../../contract/audit-event.ts';
import { anyEvent } from '../../../support/collector/any-event.ts';
import { KeptEvents } from '../../../support/collector/kept-events.ts';

const EVENTS = 400;

let kept: KeptEvents;
beforeAll(async () => {
  kept = await KeptEvents.open();
});
afterAll(() => kept.close());

function readAll(): Promise<AuditEvent[]> {
  return kept.database.read(undefined, undefined, async (connection) =>
    eventsOf(await connection.stream(`SELECT ${EVENT_SELECTION} FROM all_events`)),
  );
}

/** To compare as sets: each has its number. */
function sorted(events: readonly AuditEvent[]): readonly AuditEvent[] {
  const numberOf = ({ message }: AuditEvent) => Number(message?.split(' ', 1)[0]);
  return events.toSorted((one, other) => numberOf(one) - numberOf(other));
}

test('what is read is what was appended, from the table and from a partition', async () => {
  const events = fc
    .sample(anyEvent, EVENTS)
    .map((event, index): AuditEvent => ({ ...event, message: `${index} ${event.message ?? ''}` }));
  for (const event of events) auditEventSchema.parse(event);
  await kept.add(events);
  const recent = sorted(await readAll());
  expect(recent).toEqual(events);
  await kept.moveToPartition();
  expect(sorted(await readAll())).toEqual(events);
});

test('a time is the same after it was a number', () => {
  fc.assert(
    fc.property(
      fc.date({ min: new Date('1970-01-01'), max: new Date('2150-01-01'), noInvalidDate: true }),
      fc.nat({ max: 999_999_999 }),
      (date, nanos) => {
        const text = `${date.toISOString().slice(0, 19)}.${String(nanos).padStart(9, '0')}Z`;
        const number = nanosOf(text);
        expect(number === undefined ? undefined : textOfNanos(number)).toBe(text);
      },
    ),
  );
});
