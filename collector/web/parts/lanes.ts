import type { TimeRange } from '../route/time-range.ts';

/** Counts over time, one above the other, each on its own scale so that few errors beside many statements are seen. */
export interface Lane {
  readonly label: string;
  readonly kind: 'events' | 'errors' | 'gaps';
  readonly counts: readonly number[];
}

export interface TimeChartProps {
  readonly label: string;
  readonly range: TimeRange;
  /** The beginning of each bar, milliseconds since 1970. */
  readonly steps: readonly number[];
  readonly stepSeconds: number;
  readonly lanes: readonly Lane[];
  readonly onZoom: (range: TimeRange) => void;
  /** A click on a bar; absent: it zooms to the bar. */
  readonly onPick?: (range: TimeRange) => void;
}

/** Pixels of a lane; the last has the axis too. */
export const LANE_HEIGHTS = { events: 92, errors: 40, gaps: 26 } as const;
export const AXIS_HEIGHT = 26;

export type LaneChartProps = TimeChartProps & { readonly onHover: (bar: number | undefined) => void };
