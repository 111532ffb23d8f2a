import * as z from 'zod';
import type { EventClass } from '../../../delivery/event-class.ts';
import type { Loss } from '../../../delivery/event-store.ts';
import type { LineShape } from './event-lines.ts';

/** What `overload-main.ts` is told. */
export interface OverloadPlan {
  readonly events: number;
  readonly perSecond: number;
  /** What the sink takes. */
  readonly sinkPerSecond: number;
  readonly spoolDirectory: string;
  readonly spoolMebibytes: number;
}

/** Events of one class. */
export interface ClassFate {
  readonly made: number;
  readonly delivered: number;
}

export interface OverloadResult {
  readonly made: number;
  /** Each once. */
  readonly delivered: number;
  readonly duplicates: number;
  /** Sum of what the gap events that were delivered say, by reason. */
  readonly lost: Readonly<Record<string, number>>;
  readonly gapEvents: number;
  readonly byClass: Readonly<Partial<Record<EventClass, ClassFate>>>;
  /** How fast they were really made. */
  readonly madePerSecond: number;
  readonly highestRssBytes: number;
  /** Of the spool's files, at its largest. */
  readonly highestSpoolBytes: number;
  readonly cpuMicros: number;
}

/** Nine of ten events are reads, and few of the others are rare: of a hundred, in this order. */
const MIX: readonly (readonly [EventClass, number])[] = [
  ['read', 92],
  ['misc', 3],
  ['write', 2],
  ['login', 1],
  ['ddl', 1],
  ['error', 1],
];

/** Every other line is short. */
export const SHAPES: readonly LineShape[] = MIX.flatMap(([eventClass, count]) =>
  Array.from({ length: count }, (_, index) => ({ bytes: index % 2 === 0 ? 300 : 1024, eventClass })),
);

const gapSchema = z.looseObject({
  event: z.looseObject({ reason: z.string() }),
  dbaudit: z.looseObject({ capture: z.looseObject({ gap_events: z.int() }) }),
});

/** What the agent makes of a loss, as far as it counts here. */
export function gapLine(number: number, { reason, count, detail }: Loss): Buffer {
  const event = { kind: 'event', action: 'db.gap', sequence: number, id: `overload-${number}`, reason };
  const line = { '@timestamp': new Date().toISOString(), event, message: detail };
  return Buffer.from(`${JSON.stringify({ ...line, dbaudit: { schema: 1, capture: { gap_events: count } } })}\n`);
}

export function readGapLine(line: Buffer): { readonly reason: string; readonly count: number } {
  const { event, dbaudit } = gapSchema.parse(JSON.parse(line.toString()));
  return { reason: event.reason, count: dbaudit.capture.gap_events };
}
