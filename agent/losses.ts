import type { CaptureGap } from './audit-event.ts';
import type { CaptureCounters } from './capture/packet-source.ts';
import type { Nanos } from './timeline.ts';

/** Turns what the source had to drop into events: once a second while it goes on, and once more at the end. */
export class DropWatch {
  readonly #counters: () => CaptureCounters;
  readonly #report: (gap: CaptureGap) => void;
  #reported = 0;

  constructor(counters: () => CaptureCounters, report: (gap: CaptureGap) => void) {
    this.#counters = counters;
    this.#report = report;
  }

  check(at: Nanos): void {
    const { dropped } = this.#counters();
    if (dropped <= this.#reported) return;
    const count = dropped - this.#reported;
    this.#reported = dropped;
    this.#report({
      kind: 'capture-gap',
      at,
      reason: 'kernel-drops',
      count,
      detail: 'packets came faster than they were read',
    });
  }
}
