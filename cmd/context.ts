import type { Readable } from 'node:stream';

/** What a command may touch of the world; tests give their own. */
export interface CommandContext {
  readonly stdin: Readable;
  readonly stdout: NodeJS.WritableStream & { readonly columns?: number; readonly isTTY?: boolean };
  readonly stderr: NodeJS.WritableStream;
  /** 0 at first; the process ends with it. */
  exitCode: number;
}
