import * as z from 'zod';

/** Files that are read beside the capture. Each costs one open file and 64 KiB. */
export const inputsSchema = z
  .array(
    z.strictObject({
      type: z.literal('ingress-nginx'),
      /** The file that is written now; what it is renamed to or copied to has `.` or `-` and a digit behind the name. */
      path: z.string().regex(/^\/.*[^/]$/, 'expected the absolute path of a file'),
      format: z.enum(['default', 'json']).default('default'),
    }),
  )
  .max(16)
  .refine((inputs) => new Set(inputs.map(({ path }) => path)).size === inputs.length, 'names a file twice')
  .default([]);

export type InputSettings = z.infer<typeof inputsSchema>[number];
