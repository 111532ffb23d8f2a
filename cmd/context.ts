import type { Readable } from 'node:stream';
import type { GlobalOptions } from './global-options.ts';
import type { Cluster } from './kubernetes/cluster.ts';
import type { Screen } from './output/screen.ts';

/** What a command may touch of the world; tests give their own. */
export interface CommandContext {
  readonly stdin: Readable;
  readonly stdout: NodeJS.WritableStream & {
    readonly columns?: number;
    readonly rows?: number;
    readonly isTTY?: boolean;
  };
  readonly stderr: NodeJS.WritableStream & { readonly columns?: number; readonly isTTY?: boolean };
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** As the command line, the environment and the configuration file give them. */
  readonly globals: GlobalOptions;
  /** Widths, colours and progress for the streams above. */
  readonly screen: Screen;
  /** 0 at first; the process ends with it. 0 clean, 1 findings or a failed command, 2 the question could not be answered. */
  exitCode: number;
  /** Aborted by SIGINT and SIGTERM: a command then says what was left undone and ends. */
  readonly signal: AbortSignal;
  /** Connects as the global options (`--context`, `-n`, `--as`, …) say; the same object on every call. */
  cluster(): Promise<Cluster>;
  /** Our own namespace: `--dbaudit-namespace`, else found by label, else `dbaudit-system`. */
  ownNamespace(): Promise<string>;
}
