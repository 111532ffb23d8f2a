import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { endWithUs } from '../leftovers.ts';
import type { Outage, OutageResult } from './outage-run.ts';
import type { ReceiverName } from './receivers.ts';
import type { Scale } from './scale.ts';

const MAIN = join(import.meta.dirname, 'outage-main.ts');

/**
 * The same as `runOutages`, in a network namespace that is gone with its last process: receiver, database and agent have a
 * loopback of their own, on which packets may be dropped.
 */
export async function runInOwnNetwork(
  receiver: ReceiverName,
  outages: readonly Outage[],
  scale: Scale,
): Promise<OutageResult> {
  const { NODE_OPTIONS: _, ...environment } = process.env;
  const words = [process.execPath, '--no-warnings', MAIN, JSON.stringify({ receiver, outages, scale })];
  const child = spawn('unshare', ['--net', 'sh', '-c', 'ip link set lo up && exec "$@"', 'sh', ...words], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: environment,
  });
  endWithUs(child, 'SIGTERM');
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const code = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code !== 0) throw new Error(`the run in its own network ended with ${code}`);
  return JSON.parse(said) as OutageResult;
}
