import type { LineShape } from '../test/support/delivery/event-lines.ts';

/** What every sink is measured with. */
export const BENCH_SHAPES: readonly LineShape[] = [{ bytes: 1024, eventClass: 'read' }];
