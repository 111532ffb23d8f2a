import { spawnSync } from 'node:child_process';

const ERROR_TAIL_CHARACTERS = 600;
const OUTPUT_LIMIT_BYTES = 64 * 1024 * 1024;

interface RunOptions {
  readonly directory?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** None by default. */
  readonly timeoutMillis?: number;
}

/**
 * Runs a program to its end and gives its standard output.
 * @throws Error with the end of what it said, where it is not installed or fails
 */
export function run(program: string, parameters: readonly string[], options: RunOptions = {}): string {
  const result = spawnSync(program, parameters, {
    encoding: 'utf8',
    maxBuffer: OUTPUT_LIMIT_BYTES,
    ...(options.directory === undefined ? {} : { cwd: options.directory }),
    env: { ...process.env, ...options.environment },
    ...(options.timeoutMillis === undefined ? {} : { timeout: options.timeoutMillis }),
  });
  if (result.error !== undefined) {
    const absent = 'code' in result.error && result.error.code === 'ENOENT';
    throw new Error(absent ? `${program} is not installed` : `${program}: ${result.error.message}`);
  }
  if (result.status !== 0) {
    const said = `${result.stdout}${result.stderr}`.trim().slice(-ERROR_TAIL_CHARACTERS);
    throw new Error(`${program} ended with ${result.status}: ${said}`);
  }
  return result.stdout;
}

/** Whether a program is on the path. */
export function isInstalled(program: string): boolean {
  return spawnSync(program, ['--version'], { stdio: 'ignore' }).error === undefined;
}
