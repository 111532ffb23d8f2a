import type { Batch, BatchLimits } from '../../batch.ts';
import { TryAgain } from '../failure.ts';
import type { PartlyTaken, ReadBack, Sink, SinkContext } from '../sink.ts';
import { Cluster } from './cluster.ts';
import { Producer } from './producer.ts';
import { type KafkaSettings, kafkaPlace, limitsOf } from './settings.ts';
import { TopicReader } from './topic-reader.ts';

export class KafkaSink implements Sink {
  readonly name: string;
  readonly limits: BatchLimits;
  readonly #cluster: Cluster;
  readonly #producer: Producer;
  readonly #place: string;

  constructor(settings: KafkaSettings, { onNotice }: SinkContext) {
    this.name = settings.name ?? settings.type;
    this.limits = limitsOf(settings);
    this.#place = kafkaPlace(settings);
    this.#cluster = new Cluster(settings);
    this.#producer = new Producer(settings, this.#cluster, onNotice);
    if (settings.sasl?.mechanism === 'plain' && settings.tls === undefined) {
      onNotice(`${this.#place}: the password is sent without TLS, and whoever is on the way can read it`);
    }
  }

  async write(batch: Batch, signal: AbortSignal): Promise<PartlyTaken | undefined> {
    const givenUp = Promise.withResolvers<never>();
    const giveUp = () => {
      this.#cluster.disconnect();
      givenUp.reject(new TryAgain('DBA4007', `${this.#place}: sending was given up`));
    };
    if (signal.aborted) giveUp();
    signal.addEventListener('abort', giveUp, { once: true });
    try {
      return await Promise.race([this.#producer.write(batch, signal), givenUp.promise]);
    } finally {
      signal.removeEventListener('abort', giveUp);
    }
  }

  async close(): Promise<void> {
    this.#cluster.disconnect();
  }
}

/** Sees what comes into the topic from now on. @throws TryAgain or WrongConfiguration */
export function openTopicReader(settings: KafkaSettings): Promise<ReadBack> {
  return TopicReader.open(new Cluster(settings), settings.topic);
}
