import * as z from 'zod';

/** How the receiver answers; as long as nothing is said it takes all lines at once. */
export const behaviourSchema = z.strictObject({
  /** Only the next so many requests; then it is as it was before anything was said. */
  requests: z.int().min(1).optional(),
  /** Waits so long before it takes anything. */
  delayMillis: z.int().min(0).optional(),
  /** Takes lines no faster than this: waits after each request as long as its lines may take. */
  linesPerSecond: z.int().min(1).optional(),
  /** Reads the request, takes nothing, and never answers. */
  silent: z.boolean().optional(),
  /** Breaks the connection off after the request, nothing taken. */
  breakOff: z.boolean().optional(),
  /** Answers this at once, before it has read the body; nothing is taken. */
  refuseUnread: z.int().optional(),
  /** Answers this instead of 200; nothing is taken. */
  status: z.int().optional(),
  retryAfter: z.string().optional(),
  location: z.string().optional(),
  /** Instead of its own. */
  answer: z.string().optional(),
  /** Takes so many lines from the front of each request, and says so. */
  acknowledge: z.int().min(0).optional(),
  /** Refuses the lines that hold this text one by one, and says so. */
  refuseLinesWith: z.string().optional(),
  /** Answers 413 to requests of more lines. */
  mostLines: z.int().min(1).optional(),
  /** Answers 400 to requests with a line that holds this text. */
  poison: z.string().optional(),
});

export type Behaviour = z.infer<typeof behaviourSchema>;

/** What the receiver's process is started with. */
export const receiverSettingsSchema = z.strictObject({
  port: z.int(),
  controlPort: z.int(),
  /** Takes each line, in the order in which they came. */
  ledgerFile: z.string(),
  /** The one token that is let in; read for each request. */
  bearerFile: z.string().optional(),
  tls: z
    .strictObject({
      certFile: z.string(),
      keyFile: z.string(),
      /** Clients have to show a certificate of this authority. */
      clientCaFile: z.string().optional(),
    })
    .optional(),
});

export type ReceiverSettings = z.infer<typeof receiverSettingsSchema>;

/** What it remembers of a request. */
export const receivedRequestSchema = z.strictObject({
  path: z.string(),
  headers: z.record(z.string(), z.string()),
  lines: z.int(),
  status: z.int(),
  /** Of the client, which tells connections apart. */
  clientPort: z.int(),
  /** Common name of the client's certificate. */
  clientName: z.string().optional(),
});

export type ReceivedRequest = z.infer<typeof receivedRequestSchema>;
