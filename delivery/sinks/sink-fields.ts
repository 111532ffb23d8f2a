import * as z from 'zod';

/** What every sink's settings have beside its own. Sizes are those of encoded lines, before compression. */
export const sinkFields = {
  /** In metrics, logs, `sink test NAME` and the spool's directory. Default: the type. */
  name: z
    .string()
    .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, 'expected lower-case letters, digits and dashes, at most 63')
    .optional(),
  /** Default: the agent's `format`. */
  format: z.enum(['native', 'packetbeat']).optional(),
} as const;

/** A file with a secret in it; a mounted Secret is one. A secret itself is never in the configuration. */
export const secretFile = z.string().min(1);

/** For a sink over the network: TLS is on as soon as `tls` is there. */
export const tlsFields = z.strictObject({
  /** PEM. Default: the certificate authorities that Node brings along. */
  caFile: z.string().min(1).optional(),
  /** PEM, for receivers that want to know us (mTLS); together with keyFile. */
  certFile: z.string().min(1).optional(),
  keyFile: secretFile.optional(),
  /** The name the receiver's certificate must have, where it is not the host's. */
  serverName: z.string().min(1).optional(),
});

export type TlsSettings = z.infer<typeof tlsFields>;
