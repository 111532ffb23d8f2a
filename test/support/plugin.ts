import { PassThrough, Writable } from 'node:stream';
import type { CommandEntry } from '../../cmd/commands/index.ts';
import type { Cluster } from '../../cmd/kubernetes/cluster.ts';
import { run } from '../../cmd/run.ts';

interface Surroundings {
  readonly cluster?: Cluster;
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Of a terminal on both outputs; absent: pipes. */
  readonly columns?: number;
  readonly stdin?: string | Buffer;
  readonly signal?: AbortSignal;
  /** Told all that was written to standard output so far, whenever more is. */
  readonly onOutput?: (text: string) => void;
  /** Instead of the plugin's own. */
  readonly commands?: readonly CommandEntry[];
}

/** Runs the plugin within this process; gives what it wrote and its exit code. */
export async function runPlugin(
  words: readonly string[],
  surroundings: Surroundings = {},
): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
  const { cluster, columns, stdin, signal, commands } = surroundings;
  const [stdout, stderr] = [new Recorder(columns, surroundings.onOutput), new Recorder(columns)];
  const input = new PassThrough();
  input.end(stdin ?? '');
  const code = await run(words, {
    stdin: input,
    stdout,
    stderr,
    // No file of the machine that runs the tests decides anything.
    environment: { HOME: '/nonexistent', XDG_CONFIG_HOME: '/nonexistent', ...surroundings.environment },
    signal: signal ?? new AbortController().signal,
    ...(cluster === undefined ? {} : { cluster }),
    ...(commands === undefined ? {} : { commands }),
  });
  return { code, stdout: stdout.text, stderr: stderr.text };
}

class Recorder extends Writable {
  readonly columns?: number;
  readonly isTTY?: boolean;
  readonly #chunks: Buffer[] = [];
  readonly #onOutput: Surroundings['onOutput'];

  constructor(columns: number | undefined, onOutput?: Surroundings['onOutput']) {
    super();
    this.#onOutput = onOutput;
    if (columns !== undefined) {
      this.columns = columns;
      this.isTTY = true;
    }
  }

  get text(): string {
    return Buffer.concat(this.#chunks).toString('utf8');
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.#chunks.push(chunk);
    this.#onOutput?.(this.text);
    done();
  }
}
