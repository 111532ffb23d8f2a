import type { AlertLevel } from '../../contract/audit-event.ts';
import type { Colour, Screen } from '../output/screen.ts';

/** From the least to the most. */
export const LEVELS = ['informational', 'low', 'medium', 'high', 'critical'] as const satisfies AlertLevel[];

const COLOURS: Readonly<Partial<Record<AlertLevel, Colour>>> = { medium: 'yellow', high: 'red', critical: 'red' };

export function levelText(level: AlertLevel, paint: Screen['paint']): string {
  const colour = COLOURS[level];
  return colour === undefined ? level : paint(colour, level);
}
