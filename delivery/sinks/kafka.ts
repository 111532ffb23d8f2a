import { presetOf } from './kafka/presets.ts';
import { kafkaPlace, kafkaSchema } from './kafka/settings.ts';
import type { SinkKind } from './sink.ts';

/**
 * One event a message, keyed by its session. docs/adr/0009-kafka-client.md says what is ours and what the client's, which is
 * loaded only by an agent that has such a sink.
 */
export const kafkaSink = {
  schema: kafkaSchema,
  place: kafkaPlace,
  async open(settings, context) {
    const { KafkaSink } = await import('./kafka/kafka-client.ts');
    return new KafkaSink(settings, context);
  },
  defaultFormat: ({ preset }) => presetOf(preset)?.format,
  async readBack(settings) {
    const { openTopicReader } = await import('./kafka/kafka-client.ts');
    return openTopicReader(settings);
  },
} satisfies SinkKind<typeof kafkaSchema>;
