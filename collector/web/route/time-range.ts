import { computed, signal } from '@preact/signals';
import { route, setQuery } from './route.ts';

/** Milliseconds since 1970, up to, not including, `to`. */
export interface TimeRange {
  readonly from: number;
  readonly to: number;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** What the picker offers, back from now. */
export const PRESETS = {
  '15m': 15 * MINUTE,
  '1h': HOUR,
  '6h': 6 * HOUR,
  '24h': DAY,
  '7d': 7 * DAY,
  '30d': 30 * DAY,
  '180d': 180 * DAY,
} as const;
export type Preset = keyof typeof PRESETS;
const DEFAULT_PRESET: Preset = '24h';

/** A chart's bar is never narrower than about six pixels on a wide screen. */
const MAX_STEPS = 150;
const STEPS_SECONDS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400];

/** When the reader last asked: relative ranges end here, so that all parts of a view speak of the same time. */
const asked = signal(Date.now());

export const preset = computed<Preset | undefined>(() => {
  const { query } = route.value;
  const name = query.get('range');
  if (name !== null && isPreset(name)) return name;
  return absolute(query) === undefined ? DEFAULT_PRESET : undefined;
});

/** The range of every view, from the address. */
export const timeRange = computed<TimeRange>(() => {
  const name = preset.value;
  if (name !== undefined) return { from: asked.value - PRESETS[name], to: asked.value };
  return absolute(route.value.query) ?? { from: asked.value - PRESETS[DEFAULT_PRESET], to: asked.value };
});

/** Ends relative ranges now. */
export function refresh(): void {
  asked.value = Date.now();
}

export function choosePreset(name: Preset): void {
  refresh();
  setQuery({ range: name, from: undefined, to: undefined, at: undefined });
}

export function chooseRange({ from, to }: TimeRange): void {
  setQuery({ range: undefined, from: String(Math.floor(from)), to: String(Math.ceil(to)), at: undefined });
}

/** Seconds of a bar, so that bars begin at round times. */
export function stepSeconds({ from, to }: TimeRange): number {
  const least = (to - from) / 1000 / MAX_STEPS;
  return STEPS_SECONDS.find((step) => step >= least) ?? Math.ceil(least / 86_400) * 86_400;
}

export function isPreset(name: string): name is Preset {
  return Object.hasOwn(PRESETS, name);
}

function absolute(query: URLSearchParams): TimeRange | undefined {
  const from = Number(query.get('from') ?? Number.NaN);
  const to = Number(query.get('to') ?? Number.NaN);
  return Number.isSafeInteger(from) && Number.isSafeInteger(to) && from >= 0 && from < to ? { from, to } : undefined;
}
