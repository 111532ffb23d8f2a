import * as z from 'zod';
import type { Checkpoint } from './seal.ts';

/** Of contract with ourselves alone: what was written to a second place and is read again. */
const checkpointSchema = z.object({
  chain: z.string(),
  position: z.int(),
  hash: z.string(),
  sum: z.string(),
  at: z.number(),
  keyId: z.string(),
  signature: z.string(),
});

/** Undefined for what is no checkpoint: a line that was torn when a machine stopped, or a forgery. Neither proves anything. */
export function parseCheckpoint(text: string): Checkpoint | undefined {
  try {
    return checkpointSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
