import { spawn } from 'node:child_process';
import { endWithUs } from '../../test/support/leftovers.ts';

/** A client that waits for an answer for so long waits for good. */
const LIMIT_MILLIS = 20_000;

/** Runs a database's own client, where it is installed; what it prints is of no interest here. */
export function runClient(
  program: string,
  parameters: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<void> {
  return new Promise((resolve) => {
    const child = spawn(program, parameters, {
      stdio: 'ignore',
      timeout: LIMIT_MILLIS,
      env: { ...process.env, ...environment },
    });
    endWithUs(child);
    child.once('error', () => resolve());
    child.once('exit', () => resolve());
  });
}
