import * as z from 'zod';
import { OUTPUT_API_VERSION } from '../structured.ts';

const count = z.int().min(0);

/** Of `sink list`. */
export const sinkListSchema = z.strictObject({
  apiVersion: z.literal(OUTPUT_API_VERSION),
  kind: z.literal('SinkList'),
  /** Where agents were asked; absent: in all namespaces. */
  namespace: z.string().exactOptional(),
  agents: z.strictObject({ running: count, answered: count }),
  items: z.array(
    z.strictObject({
      name: z.string(),
      /** `-` where only agents know of it. */
      type: z.string(),
      place: z.string(),
      format: z.string(),
      /** Bound of what waits on disk in one pod; absent where nothing does. */
      spoolMebibytes: z.number().exactOptional(),
      /** Of the agents that answered and have it; sums, but for the longest lag. */
      agents: z.strictObject({
        answered: count,
        troubled: count,
        sentEvents: count,
        waitingEvents: count,
        droppedEvents: count,
        quarantinedEvents: count,
        lagMillis: z.number().min(0),
      }),
      problems: z.array(z.strictObject({ message: z.string(), agents: count })),
    }),
  ),
});

export type SinkListDocument = z.infer<typeof sinkListSchema>;
export type SinkItem = SinkListDocument['items'][number];
