import * as z from 'zod';
import { verifyAnswerSchema } from '../../../contract/collector-api.ts';
import { OUTPUT_API_VERSION } from '../structured.ts';

/** Of `verify`. */
export const verificationSchema = z.strictObject({
  apiVersion: z.literal(OUTPUT_API_VERSION),
  kind: z.literal('Verification'),
  ...verifyAnswerSchema.shape,
});

export type VerificationDocument = z.infer<typeof verificationSchema>;
