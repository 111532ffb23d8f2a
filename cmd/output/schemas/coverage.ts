import * as z from 'zod';
import { OUTPUT_API_VERSION } from '../structured.ts';

const count = z.int().min(0);

/** Of `coverage`. */
export const coverageSchema = z.strictObject({
  apiVersion: z.literal(OUTPUT_API_VERSION),
  kind: z.literal('Coverage'),
  /** Of pods whose state is known: those that start now count neither way. */
  capturedPercent: z.number().min(0).max(100),
  items: z.array(
    z.strictObject({
      namespace: z.string(),
      kind: z.string(),
      name: z.string(),
      pods: z.strictObject({ total: count, ready: count, captured: count, uncovered: count }),
      mode: z.string().optional(),
      /** Absent where no agent answered. */
      seen: z
        .strictObject({
          protocols: z.record(z.string(), z.strictObject({ statements: count, sessions: count, encrypted: count })),
          lastEventAt: z.string().optional(),
          droppedPackets: count,
          gapBytes: count,
          versions: z.array(z.string()),
        })
        .optional(),
      reasons: z.array(z.strictObject({ code: z.string(), reason: z.string(), pods: count })),
      uncoveredPods: z.array(z.strictObject({ name: z.string(), code: z.string(), reason: z.string() })),
    }),
  ),
  /** With `--repair`: what came of it, before this coverage was taken. */
  repair: z
    .array(
      z.strictObject({
        namespace: z.string(),
        workload: z.string(),
        replaced: count,
        /** Absent: all its uncovered pods were replaced and are covered. */
        problem: z.string().optional(),
      }),
    )
    .optional(),
});

export type CoverageDocument = z.infer<typeof coverageSchema>;
