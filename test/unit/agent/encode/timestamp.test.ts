import { expect, test } from '@jest/globals';
import { JsonWriter } from '../../../../agent/encode/json-writer.ts';
import { TimestampWriter } from '../../../../agent/encode/timestamp.ts';
import { Timeline } from '../../../../agent/timeline.ts';
import { sampleTimeline } from './sample-events.ts';

function written(timeline: Timeline, ...points: readonly number[]): string[] {
  const timestamps = new TimestampWriter(timeline, '');
  return points.map((at) => {
    const into = new JsonWriter(1);
    timestamps.write(into, at);
    return into.bytes.toString('latin1', 0, into.length);
  });
}

test('has nine digits, also before the origin and across seconds', () => {
  expect(written(sampleTimeline(), 0, 1, 999_999_999, 1_000_000_000, 12, -1, 86_400_000_000_000)).toEqual([
    '2026-09-21T14:13:20.000000000',
    '2026-09-21T14:13:20.000000001',
    '2026-09-21T14:13:20.999999999',
    '2026-09-21T14:13:21.000000000',
    '2026-09-21T14:13:20.000000012',
    '2026-09-21T14:13:19.999999999',
    '2026-09-22T14:13:20.000000000',
  ]);
});

test.each([-1e12, 1e12, 1e30])('a capture may claim any time: %d seconds', (seconds) => {
  const timeline = new Timeline();
  timeline.at(0, 0);
  for (const text of written(timeline, timeline.at(seconds, 0), seconds)) {
    expect(text).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}$/);
  }
});
