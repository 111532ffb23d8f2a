import { describe, expect, test } from '@jest/globals';
import { DROP_ORDER } from '../../../delivery/event-class.ts';
import { MemoryStore } from '../../../delivery/memory-store.ts';
import { TokenBucket } from '../../../delivery/token-bucket.ts';
import { WaitingEvents } from '../../../delivery/waiting-events.ts';
import { numberedBatch } from '../../support/delivery/numbered-lines.ts';

const LIMITS = { events: 10, bytes: 10_000 };

function waitingEvents(bucket: TokenBucket): WaitingEvents {
  return new WaitingEvents({
    memory: new MemoryStore({ maxBytes: 1_000_000, dropOrder: DROP_ORDER, onLoss: () => undefined }),
    spool: undefined,
    order: 'fresh-first',
    limits: LIMITS,
    appendLimits: LIMITS,
    bucket,
    windowBytes: 100,
    onChange: () => undefined,
  });
}

describe('waiting events', () => {
  test('whoever found a backlog whose time had not come sleeps and looks again, though it has come meanwhile', () => {
    const bucket = new TokenBucket(1_000_000);
    const waiting = waitingEvents(bucket);
    const events = Array.from({ length: 50 }, (_, number) => ({ number, eventClass: 'read' as const, bytes: 100 }));
    waiting.offer(numberedBatch(events));
    expect(waiting.backlogWaitMillis).toBeUndefined();
    waiting.endOutage();
    expect(bucket.waitMillis).toBe(0);
    expect(waiting.backlogWaitMillis).toBeGreaterThan(0);
  });
});
