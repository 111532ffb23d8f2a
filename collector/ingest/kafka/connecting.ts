import { PoisonBatch, TryAgain, WrongConfiguration } from '../../../delivery/sinks/failure.ts';
import { Cluster } from '../../../delivery/sinks/kafka/cluster.ts';
import { type KafkaFailure, kafkaFailure } from '../../../delivery/sinks/kafka/kafka-failure.ts';
import { Membership } from './membership.ts';
import type { KafkaSourceSettings } from './settings.ts';

/**
 * A new consumer of the group. First the topics are looked for over a connection of our own, which says what is wrong in
 * words; the client would try, and then say that it failed.
 * @throws TryAgain or WrongConfiguration
 */
export async function join(settings: KafkaSourceSettings): Promise<Membership> {
  for (const topic of settings.topics) {
    const cluster = new Cluster({ ...settings, topic });
    try {
      await cluster.leaders();
    } finally {
      cluster.disconnect();
    }
  }
  return Membership.open(settings);
}

/** What went wrong with the brokers, in words with their addresses. */
export function failureOf(error: unknown, settings: KafkaSourceSettings): KafkaFailure {
  if (error instanceof TryAgain || error instanceof WrongConfiguration || error instanceof PoisonBatch) return error;
  const { brokers, group, requestTimeoutMillis, sasl, tls, topics } = settings;
  const topic = topics.join(',');
  return kafkaFailure(error, {
    place: `kafka://${brokers.join(',')}/${topic}`,
    topic,
    group,
    sasl: sasl === undefined ? undefined : { mechanism: sasl.mechanism, username: sasl.username },
    timeoutMillis: requestTimeoutMillis,
    ownCertificate: tls?.certFile !== undefined,
    reading: true,
  });
}
