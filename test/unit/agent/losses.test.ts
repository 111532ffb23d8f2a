import { expect, test } from '@jest/globals';
import type { CaptureGap } from '../../../agent/audit-event.ts';
import { DropWatch } from '../../../agent/losses.ts';

test('drops are told once each, with how many since the last time', () => {
  let dropped = 0;
  const gaps: CaptureGap[] = [];
  const watch = new DropWatch(
    () => ({ received: 100, dropped }),
    (gap) => gaps.push(gap),
  );
  watch.check(1);
  dropped = 5;
  watch.check(2);
  watch.check(3);
  dropped = 12;
  watch.check(4);
  expect(gaps.map(({ at, reason, count }) => [at, reason, count])).toEqual([
    [2, 'kernel-drops', 5],
    [4, 'kernel-drops', 7],
  ]);
});
