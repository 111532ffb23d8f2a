import { initProducerIdV0 } from '@platformatic/kafka';
import { WrongConfiguration } from '../failure.ts';
import type { BrokerLink } from './cluster.ts';
import { kafkaFailure } from './kafka-failure.ts';
import type { ProducerIdentity } from './record-batch.ts';

const INIT_PRODUCER_ID = initProducerIdV0.api.key;

/**
 * A new identity, without transactions. https://kafka.apache.org/protocol.html#The_Messages_InitProducerId
 * @throws TryAgain, or WrongConfiguration where the broker or our rights do not allow it
 */
export async function requestIdentity({ connection, versions, circumstances }: BrokerLink): Promise<ProducerIdentity> {
  if (!versions.has(INIT_PRODUCER_ID)) {
    const message = `${circumstances.place}: the broker does not offer it`;
    throw new WrongConfiguration('DBA4006', message, 'set idempotent: false');
  }
  try {
    const { producerId, producerEpoch } = await initProducerIdV0.api.async(connection, null, 0, 0n, 0);
    return { id: producerId, epoch: producerEpoch };
  } catch (error) {
    throw kafkaFailure(error, circumstances);
  }
}
