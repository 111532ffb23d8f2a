import type { AlertLevel } from '../../contract/audit-event.ts';

/** From the least to the worst; the order of all comparisons. */
export const LEVELS = ['informational', 'low', 'medium', 'high', 'critical'] as const satisfies readonly AlertLevel[];

/** Whether `level` is worse than `other`. */
export function isAbove(level: AlertLevel, other: AlertLevel): boolean {
  return LEVELS.indexOf(level) > LEVELS.indexOf(other);
}

/** The worst of them; undefined where there are none. */
export function worstOf(levels: readonly AlertLevel[]): AlertLevel | undefined {
  return LEVELS.findLast((level) => levels.includes(level));
}
