import { useEffect, useState } from 'preact/hooks';
import { shortDateTime, whole } from '../text/format.ts';
import type { LaneChart } from './lane-chart.tsx';
import { AXIS_HEIGHT, LANE_HEIGHTS, type TimeChartProps } from './lanes.ts';

/** The chart with its reading; the drawing code is fetched when the first chart is shown. */
export function TimeChart(props: TimeChartProps) {
  const { label, lanes, steps, stepSeconds } = props;
  const [Chart, setChart] = useState<typeof LaneChart>();
  const [bar, setBar] = useState<number>();
  useEffect(() => {
    void import('./lane-chart.tsx').then((module) => setChart(() => module.LaneChart));
  }, []);
  const start = bar === undefined ? undefined : steps[bar];
  const height = lanes.reduce((sum, { kind }) => sum + LANE_HEIGHTS[kind], AXIS_HEIGHT);
  return (
    <figure class="time-chart" aria-label={label}>
      <figcaption class="legend">
        {lanes.map(({ label: name, kind, counts }) => (
          <span key={kind} class={`legend-item ${kind}`}>
            <span class="swatch" aria-hidden="true" />
            {name}{' '}
            <b>{whole(bar === undefined ? counts.reduce((sum, count) => sum + count, 0) : (counts[bar] ?? 0))}</b>
          </span>
        ))}
        <span class="reading muted">
          {start !== undefined && `${shortDateTime(start)} – ${shortDateTime(start + stepSeconds * 1000)}`}
        </span>
      </figcaption>
      <div class="plot" style={{ height: `${height}px` }}>
        {Chart !== undefined && steps.length > 0 && <Chart {...props} onHover={setBar} />}
      </div>
    </figure>
  );
}
