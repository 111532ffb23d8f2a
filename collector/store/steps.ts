import type { TimeRange } from './event-store.ts';
import { QueryProblem } from './failure.ts';

/** A screen has fewer points. */
const MAX_STEPS = 10_000;
const MILLIS_PER_SECOND = 1_000;

/**
 * Where the steps of a range begin, milliseconds since 1970: at multiples of their length, so that a moving range keeps them.
 * @throws QueryProblem when there are too many
 */
export function stepsOf({ from, to }: TimeRange, stepSeconds: number): readonly number[] {
  const length = stepSeconds * MILLIS_PER_SECOND;
  const first = Math.floor(from / length);
  const count = Math.max(0, Math.ceil(to / length) - first);
  if (count > MAX_STEPS) throw new QueryProblem(`this makes ${count} steps; at most ${MAX_STEPS}: take longer ones`);
  return Array.from({ length: count }, (_, index) => (first + index) * length);
}
