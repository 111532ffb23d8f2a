import * as z from 'zod';
import { OUTPUT_API_VERSION } from '../structured.ts';

/** Of `status`. */
export const statusSchema = z.strictObject({
  apiVersion: z.literal(OUTPUT_API_VERSION),
  kind: z.literal('Status'),
  context: z.string(),
  namespace: z.string(),
  /** Absent where dbaudit is not installed. */
  version: z.string().exactOptional(),
  injectors: z.array(
    z.strictObject({
      kind: z.enum(['webhook', 'policy']),
      name: z.string(),
      trouble: z.string().exactOptional(),
      /** Of a webhook's Deployment. */
      replicas: z.strictObject({ wanted: z.int(), available: z.int() }).exactOptional(),
      image: z.string().exactOptional(),
      pods: z.array(
        z.strictObject({
          name: z.string(),
          node: z.string(),
          ready: z.boolean(),
          restarts: z.int(),
          /** RFC 3339; of the certificate it serves. */
          certificateExpires: z.string().exactOptional(),
        }),
      ),
    }),
  ),
  pods: z.strictObject({
    /** Running pods that ask for an agent, by their own label or their namespace's. */
    selected: z.int(),
    /** Of these: those whose agent runs. */
    captured: z.int(),
    /** Of these: passed over, with a reason on the pod. */
    skipped: z.int(),
    /** Agents by version. */
    versions: z.record(z.string(), z.int()),
  }),
  /** Absent where none is installed. */
  collector: z
    .strictObject({
      ready: z.boolean(),
      image: z.string(),
      /** Size of its volume; absent: events are gone with its pod. */
      storage: z.string().exactOptional(),
      /** What it says itself; absent where it does not answer, or the caller may not ask. */
      events: z.int().exactOptional(),
      bytes: z.int().exactOptional(),
      /** RFC 3339; of the oldest event that it keeps. */
      oldest: z.string().exactOptional(),
      perSecond: z.number().exactOptional(),
    })
    .exactOptional(),
  /** Of the agents' configuration; absent where there is none that can be read. */
  sinks: z.array(z.strictObject({ name: z.string(), place: z.string() })).exactOptional(),
  problems: z.array(z.strictObject({ code: z.string(), message: z.string(), hint: z.string() })),
});

export type Status = z.infer<typeof statusSchema>;
export type StatusInjector = Status['injectors'][number];
export type StatusCollector = NonNullable<Status['collector']>;
