import type { DeliveryOptions } from './delivery.ts';
import { LossReports } from './loss-reports.ts';
import { deliverySchema } from './settings.ts';
import { localQueueSettings, openSinkQueue } from './sink-queue.ts';
import type { Sink } from './sinks/sink.ts';

/** A file gives events faster than a pipe takes them: what a few reads of it give may wait. */
const MEMORY_MEBIBYTES = 4;

/** One sink whose producer waits for it, for a source that can: nothing is ever dropped. `onFailed`: nobody takes events any more. */
export function patientDelivery(sink: Sink, onFailed: (error: Error) => void): DeliveryOptions {
  const settings = deliverySchema.parse(undefined);
  const queue = openSinkQueue(sink, {
    settings: { ...localQueueSettings(settings), memoryMebibytes: MEMORY_MEBIBYTES },
    losses: new LossReports(() => undefined),
    whenFull: 'wait',
    onFailed: (_, error) => onFailed(error),
  });
  return { queues: [queue], batch: settings.batch };
}
