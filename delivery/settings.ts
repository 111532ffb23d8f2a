import * as z from 'zod';
import { DROP_ORDER } from './event-class.ts';

const spool = z.strictObject({
  /** One directory in it for each sink that has a receiver over the network. Made if need be, for its owner alone. */
  directory: z.string().min(1),
  /** Bound for each sink. Where it is reached, events go by `dropOrder`. */
  maxMebibytes: z.int().min(1).max(1_048_576).default(512),
  /** Bound for the spools and quarantines of all sinks together, divided evenly: for a volume that is bounded itself. */
  totalMebibytes: z.int().min(1).max(1_048_576).optional(),
  /**
   * When written events are forced to disk: `interval`: each `fsyncMillis`; `always`: with each batch; `never`: when the
   * system does so by itself. A killed agent loses nothing that was written in any case; a machine without power loses what
   * was not forced.
   */
  fsync: z.enum(['never', 'interval', 'always']).default('interval'),
  fsyncMillis: z.int().min(10).max(60_000).default(1000),
});

/** How events wait, and what becomes of them when they cannot. Sizes are those of encoded lines. */
export const deliverySchema = z
  .strictObject({
    /** For each sink: what waits in memory where there is no spool, or while the spool cannot be used. */
    memoryMebibytes: z.int().min(1).max(4096).default(8),
    /** Without it events wait in memory alone, and are lost when the agent is killed. */
    spool: spool.optional(),
    /** Which events go first when room runs out: the oldest of the first class, then those of the next. Classes left out go last. */
    dropOrder: z
      .array(z.enum(DROP_ORDER))
      .refine((order) => new Set(order).size === order.length, 'names a class twice')
      .default([...DROP_ORDER]),
    /** A batch is handed on when it has this many events or bytes, or is this old. A receiver's own limits may be lower. */
    batch: z
      .strictObject({
        events: z.int().min(1).max(100_000).default(2000),
        bytes: z.int().min(4096).max(16_777_216).default(524_288),
        ageMillis: z.int().min(1).max(60_000).default(200),
      })
      .prefault({}),
    /** After a failure: waits `firstMillis`, twice as long each further time, at most `maxMillis`; each wait is shortened by chance by up to a half. */
    retry: z
      .strictObject({
        firstMillis: z.int().min(10).max(60_000).default(250),
        maxMillis: z.int().min(10).max(600_000).default(10_000),
      })
      .prefault({}),
    /** What piled up while a receiver was away. */
    backlog: z
      .strictObject({
        /**
         * `fresh-first`: new events pass at once, and the backlog follows at `mebibytesPerSecond`. `oldest-first`: all in the
         * order in which it came, as fast as the receiver takes it.
         */
        order: z.enum(['fresh-first', 'oldest-first']).default('fresh-first'),
        mebibytesPerSecond: z.number().min(0.01).max(10_000).default(8),
      })
      .prefault({}),
    /** Events that a receiver refuses for good, with its reason, beside the spool. Without a spool they are only counted. */
    quarantineMebibytes: z.int().min(1).max(65_536).default(16),
  })
  .prefault({});

export type DeliverySettings = z.infer<typeof deliverySchema>;
