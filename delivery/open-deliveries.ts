import { join } from 'node:path';
import type { DeliveryOptions } from './delivery.ts';
import { type Loss, StoreUnavailable } from './event-store.ts';
import { LossReports } from './loss-reports.ts';
import type { DeliverySettings } from './settings.ts';
import { localQueueSettings, openSinkQueue, type SinkQueue } from './sink-queue.ts';
import type { SinkProblem } from './sink-status.ts';
import { isRemote, type SinkSettings, sinkFormat } from './sinks/index.ts';
import type { EventFormat, Sink } from './sinks/sink.ts';
import { LateSpool } from './spool/late-spool.ts';

const BYTES_PER_MEBIBYTE = 1_048_576;
/** Of a sink's share of a bounded volume, what its quarantine may take. */
const QUARANTINE_PART = 8;
/** Beside the directories of the sinks. */
const QUARANTINE = 'quarantine';

/** The part of a configuration that says where events go. */
export interface DeliveryConfig {
  readonly format: EventFormat;
  readonly sinks: readonly SinkSettings[];
  readonly delivery: DeliverySettings;
}

/** What the owner of sinks is told. */
export interface DeliveryReports {
  onNotice(message: string): void;
  /** Never while events are offered, and not before `start`. */
  onLoss(sink: string, loss: Loss): void;
  onProblem(sink: string, problem: SinkProblem | undefined): void;
  onFailed(sink: string, error: Error): void;
}

export interface FormatDelivery {
  readonly format: EventFormat;
  readonly options: DeliveryOptions;
}

/**
 * A queue for each sink, with a spool where its receiver is elsewhere, and one delivery for each format that they want. A
 * spool that cannot be opened is no reason not to start: events then wait in memory, and it is said.
 * @param sinks opened, one for each of the configuration's, in its order
 */
export async function openDeliveries(
  config: DeliveryConfig,
  sinks: readonly Sink[],
  reports: DeliveryReports,
): Promise<readonly FormatDelivery[]> {
  const queues = new Map<EventFormat, SinkQueue[]>();
  const ofRemote = boundedBy(config.delivery, config.sinks.filter(isRemote).length);
  for (const [index, settings] of config.sinks.entries()) {
    const sink = sinks[index];
    if (sink === undefined) throw new TypeError('there is a sink for each setting');
    const format = sinkFormat(settings, config.format);
    const queue = isRemote(settings)
      ? await openRemoteQueue(sink, ofRemote, reports)
      : openLocalQueue(sink, config.delivery, reports);
    queues.set(format, [...(queues.get(format) ?? []), queue]);
  }
  return Array.from(queues, ([format, ofFormat]) => ({
    format,
    options: { queues: ofFormat, batch: config.delivery.batch },
  }));
}

/** What one of `sinks` sinks may take of the disk, where all of them have a bound in common. */
function boundedBy(delivery: DeliverySettings, sinks: number): DeliverySettings {
  const { spool, quarantineMebibytes } = delivery;
  if (spool?.totalMebibytes === undefined || sinks === 0) return delivery;
  const share = spool.totalMebibytes / sinks;
  const quarantine = Math.min(quarantineMebibytes, share / QUARANTINE_PART);
  const maxMebibytes = Math.min(spool.maxMebibytes, share - quarantine);
  return { ...delivery, spool: { ...spool, maxMebibytes }, quarantineMebibytes: quarantine };
}

function openLocalQueue(sink: Sink, delivery: DeliverySettings, reports: DeliveryReports): SinkQueue {
  return openSinkQueue(sink, {
    settings: localQueueSettings(delivery),
    losses: new LossReports((loss) => reports.onLoss(sink.name, loss)),
    whenFull: 'drop',
    onProblem: reports.onProblem,
    onFailed: reports.onFailed,
  });
}

async function openRemoteQueue(sink: Sink, delivery: DeliverySettings, reports: DeliveryReports): Promise<SinkQueue> {
  const losses = new LossReports((loss) => reports.onLoss(sink.name, loss));
  const { spool: settings, dropOrder } = delivery;
  const directory = settings === undefined ? undefined : join(settings.directory, sink.name);
  const spool =
    settings === undefined || directory === undefined
      ? undefined
      : new LateSpool({
          directory,
          maxBytes: Math.floor(settings.maxMebibytes * BYTES_PER_MEBIBYTE),
          fsync: settings.fsync,
          fsyncMillis: settings.fsyncMillis,
          dropOrder,
          onLoss: (loss) => losses.add(loss),
          onNotice: reports.onNotice,
        });
  try {
    await spool?.open();
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error;
    reports.onNotice(`${error.message}; events for ${sink.name} wait in memory until it can be used`);
  }
  return openSinkQueue(sink, {
    settings: delivery,
    spool,
    losses,
    quarantineDirectory: settings && join(settings.directory, QUARANTINE),
    whenFull: 'drop',
    onProblem: reports.onProblem,
    onFailed: reports.onFailed,
  });
}
