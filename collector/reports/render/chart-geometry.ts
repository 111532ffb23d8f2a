import type { Chart } from '../document.ts';
import type { Formats } from './formats.ts';

/** A bar within a square of side 1 whose origin is at the top left. */
interface Bar {
  /** Index of its line. */
  readonly line: number;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface ChartGeometry {
  readonly bars: readonly Bar[];
  /** Below, at the middle of a step. */
  readonly ticks: readonly { readonly x: number; readonly text: string }[];
  /** At the side, from the bottom up. */
  readonly scale: readonly { readonly y: number; readonly text: string }[];
}

/** Of the width of a step, so that bars stand apart. */
const BAR_SHARE = 0.82;
const TICKS = 6;

/** Stacked bars of a chart; undefined where there is nothing to draw. */
export function chartGeometry({ steps, lines, unit }: Chart, formats: Formats): ChartGeometry | undefined {
  const sums = steps.map((_, index) => lines.reduce((sum, { values }) => sum + (values[index] ?? 0), 0));
  const highest = Math.max(0, ...sums);
  if (highest === 0) return undefined;
  const top = roundedUp(highest);
  const width = 1 / steps.length;
  const bars = steps.flatMap((_, index) => {
    let bottom = 1;
    return lines.flatMap(({ values }, line): Bar[] => {
      const height = (values[index] ?? 0) / top;
      if (height === 0) return [];
      bottom -= height;
      return [{ line, x: (index + (1 - BAR_SHARE) / 2) * width, y: bottom, width: width * BAR_SHARE, height }];
    });
  });
  const span = (steps.at(-1) ?? 0) - (steps[0] ?? 0);
  const every = Math.max(1, Math.ceil(steps.length / TICKS));
  return {
    bars,
    ticks: steps.flatMap((at, index) =>
      index % every === 0 ? [{ x: (index + 0.5) * width, text: formats.tick(at, span) }] : [],
    ),
    scale: (unit === 'count' && top % 2 !== 0 ? [0, 1] : [0, 0.5, 1]).map((part) => ({
      y: 1 - part,
      text: part === 0 ? '0' : formats.short(top * part, unit),
    })),
  };
}

/** To a scale whose end and middle are round numbers. */
function roundedUp(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 4, 6, 8].find((factor) => value <= factor * power) ?? 10) * power;
}
