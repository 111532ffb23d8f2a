import * as z from 'zod';
import { kafkaConnectionFields, kafkaTopic } from '../../../delivery/sinks/kafka/settings.ts';

/** Topics that the kafka sink writes, in its own format (`native`). */
export const kafkaSourceSchema = z
  .strictObject({
    type: z.literal('kafka'),
    ...kafkaConnectionFields,
    topics: z.array(kafkaTopic).min(1).max(100),
    /** Consumers of one group share the partitions; each group is given all events. */
    group: z
      .string()
      .regex(/^[a-zA-Z0-9._-]{1,249}$/, 'expected at most 249 letters, digits, dots, dashes and underscores')
      .default('dbaudit-collector'),
    /** After so long without a sign of life the others take over a consumer's partitions. Brokers take 6 s to 30 min. */
    sessionTimeoutMillis: z.int().min(6_000).max(1_800_000).default(30_000),
  })
  .check(({ value: { tls }, issues }) => {
    if (tls === undefined || (tls.certFile === undefined) === (tls.keyFile === undefined)) return;
    const missing = tls.certFile === undefined ? 'certFile' : 'keyFile';
    issues.push({
      code: 'custom',
      input: undefined,
      path: ['tls', missing],
      message: 'certFile and keyFile are needed together',
    });
  });

export type KafkaSourceSettings = z.infer<typeof kafkaSourceSchema>;
