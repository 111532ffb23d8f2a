import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import { language } from '../settings/language.ts';
import { theme } from '../settings/theme.ts';
import { compact } from '../text/format.ts';
import { AXIS_HEIGHT, LANE_HEIGHTS, type Lane, type LaneChartProps } from './lanes.ts';

/** Room for `999.9M` left of the lanes. */
const SCALE_WIDTH = 52;
/** A drag shorter than this is a click. */
const CLICK_PIXELS = 4;
const DAY_MILLIS = 86_400_000;

/** The drawn lanes, made anew when what they show, the theme or the width changes. */
export function LaneChart(props: LaneChartProps) {
  const holder = useRef<HTMLDivElement>(null);
  const latest = useRef(props);
  latest.current = props;
  const { steps, lanes, range } = props;
  const content = JSON.stringify([range, steps.length, steps[0], lanes]);
  // `content` is all that is drawn.
  useEffect(() => {
    const element = holder.current;
    if (element === null) return;
    let plots: uPlot[] = [];
    const draw = () => {
      for (const plot of plots) plot.destroy();
      const palette = paletteOf(element);
      plots = lanes.map((lane, index) =>
        drawLane(element, lane, palette, element.clientWidth, index === lanes.length - 1, () => latest.current),
      );
    };
    draw();
    const resized = new ResizeObserver(() => {
      if (plots[0] !== undefined && plots[0].width !== element.clientWidth) draw();
    });
    resized.observe(element);
    const dark = matchMedia('(prefers-color-scheme: dark)');
    dark.addEventListener('change', draw);
    return () => {
      resized.disconnect();
      dark.removeEventListener('change', draw);
      for (const plot of plots) plot.destroy();
    };
  }, [content, theme.value, language.value]);
  return <div ref={holder} class="lanes" />;
}

type Palette = Readonly<Record<Lane['kind'] | 'muted' | 'line', string>>;

/** The style sheet's colours, as a canvas takes them. */
function paletteOf(element: HTMLElement): Palette {
  const probe = element.appendChild(document.createElement('span'));
  const color = (name: string) => {
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color;
  };
  const palette = {
    events: color('series'),
    errors: color('danger'),
    gaps: color('warning'),
    muted: color('muted'),
    line: color('line'),
  };
  probe.remove();
  return palette;
}

function drawLane(
  element: HTMLElement,
  lane: Lane,
  palette: Palette,
  width: number,
  last: boolean,
  props: () => LaneChartProps,
): uPlot {
  const { range, steps } = props();
  const bars = uPlot.paths.bars?.({ size: [0.86, 60], align: 1 });
  const fill = lane.kind === 'gaps' ? hatched(palette.gaps) : palette[lane.kind];
  const withDay = range.to - range.from > DAY_MILLIS;
  const options: uPlot.Options = {
    width,
    height: LANE_HEIGHTS[lane.kind] + (last ? AXIS_HEIGHT : 0),
    ms: 1,
    padding: [6, 16, 0, 0],
    legend: { show: false },
    cursor: {
      sync: { key: 'lanes' },
      y: false,
      points: { show: false },
      drag: { x: true, y: false, setScale: false },
    },
    scales: {
      x: { range: () => [range.from, range.to] },
      y: { range: (_plot, _least, most) => [0, Math.max(1, most)] },
    },
    axes: [
      {
        show: last,
        size: AXIS_HEIGHT,
        stroke: palette.muted,
        font: AXIS_FONT,
        space: withDay ? 96 : 64,
        grid: { stroke: palette.line, width: 1 },
        ticks: { show: false },
        values: (_plot, splits) => splits.map((at) => axisTime(at, withDay)),
      },
      {
        size: SCALE_WIDTH,
        stroke: palette.muted,
        font: AXIS_FONT,
        grid: { show: lane.kind === 'events', stroke: palette.line, width: 1 },
        ticks: { show: false },
        splits: (_plot, _axis, _least, most) => (lane.kind === 'events' ? [most / 2, most] : [most]),
        values: (_plot, splits) => splits.map((value) => (Number.isInteger(value) ? compact(value) : '')),
      },
    ],
    series: [
      {},
      {
        fill: () => fill,
        stroke: palette[lane.kind],
        width: 0,
        points: { show: false },
        ...(bars ? { paths: bars } : {}),
      },
    ],
    hooks: {
      setSelect: [
        (plot) => {
          const { left, width: selected } = plot.select;
          const { onZoom } = props();
          if (selected >= CLICK_PIXELS)
            onZoom({ from: plot.posToVal(left, 'x'), to: plot.posToVal(left + selected, 'x') });
          plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
        },
      ],
      setCursor: [(plot) => props().onHover(barAt(plot, props()))],
    },
  };
  const plot = new uPlot(options, [[...steps], [...lane.counts]], element);
  plot.over.addEventListener('click', () => {
    const { onPick, onZoom, steps: starts, stepSeconds } = props();
    const start = starts[barAt(plot, props()) ?? -1];
    if (start !== undefined) (onPick ?? onZoom)({ from: start, to: start + stepSeconds * 1000 });
  });
  return plot;
}

const AXIS_FONT = '11px system-ui, sans-serif';

/** The bar under the pointer: bars begin at their time, so it is the last one that has begun. */
function barAt(plot: uPlot, { steps, stepSeconds }: LaneChartProps): number | undefined {
  const { left } = plot.cursor;
  if (left === undefined || left === null || left < 0) return undefined;
  const time = plot.posToVal(left, 'x');
  const bar = Math.floor((time - (steps[0] ?? 0)) / (stepSeconds * 1000));
  return steps[bar] === undefined ? undefined : bar;
}

function axisTime(at: number, withDay: boolean): string {
  const time = new Date(at);
  const midnight = time.getHours() === 0 && time.getMinutes() === 0;
  const locale = language.value === 'zh' ? 'zh-CN' : 'en-GB';
  if (withDay && midnight) return time.toLocaleDateString(locale, { month: 'short', day: 'numeric' });
  return time.toLocaleTimeString(locale, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
}

/** Stripes: what was not seen looks unlike what was, without its colour too. */
function hatched(color: string): CanvasPattern | string {
  const tile = document.createElement('canvas');
  tile.width = 6;
  tile.height = 6;
  const context = tile.getContext('2d');
  if (context === null) return color;
  context.strokeStyle = color;
  context.lineWidth = 2;
  for (const shift of [-6, 0, 6]) {
    context.moveTo(shift, 6);
    context.lineTo(shift + 6, 0);
  }
  context.stroke();
  return context.createPattern(tile, 'repeat') ?? color;
}
