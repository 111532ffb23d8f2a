import type { StatusAnswer } from '../../../contract/collector-api.ts';
import type { GaugeDefinition } from '../../metrics.ts';
import type { KafkaSource } from '../kafka.ts';

/** A source as the status of the collector has it. */
export function kafkaStatus(source: KafkaSource): StatusAnswer['sources'][number] {
  const { topics, events, lag, problem } = source.status();
  return {
    name: `kafka/${topics.join(',')}`,
    kind: 'kafka',
    events,
    ...(lag === undefined ? {} : { lag }),
    ...(problem === undefined ? {} : { problem }),
  };
}

export function kafkaGauges(sources: readonly KafkaSource[]): readonly GaugeDefinition[] {
  const sum = (figure: (status: ReturnType<KafkaSource['status']>) => number | undefined) =>
    sources.reduce<number | undefined>((total, source) => {
      const own = figure(source.status());
      return own === undefined ? total : (total ?? 0) + own;
    }, undefined);
  return [
    {
      name: 'kafka_lag',
      help: 'Messages of the partitions of this collector that are not taken yet.',
      read: () => sum(({ lag }) => lag),
    },
    {
      name: 'kafka_partitions',
      help: 'Partitions that this collector has.',
      read: () => sum(({ partitions }) => partitions),
    },
    {
      name: 'kafka_refused',
      help: 'Messages since the start that were no audit events.',
      read: () => sum(({ refused }) => refused),
    },
  ];
}
