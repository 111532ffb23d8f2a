import type { CollectorEnricher } from '../intake.ts';

const NANOS = '000000Z';

/** Says when an event came. Of one that comes again this is another time, but then it is left out. */
export function ingestedEnricher(now: () => number = Date.now): CollectorEnricher {
  return (event) => ({
    ...event,
    event: { ...event.event, ingested: new Date(now()).toISOString().replace('Z', NANOS) },
  });
}
