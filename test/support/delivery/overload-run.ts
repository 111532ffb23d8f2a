import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { bundle } from '../../../tools/bundle.ts';
import type { OverloadPlan, OverloadResult } from './overload-plan.ts';

const MAIN = join(import.meta.dirname, 'overload-main.ts');

/** In a process of its own, for its memory is what is measured; bundled, as the agent is: to strip types takes 30 MB. */
export async function runOverload(plan: OverloadPlan, directory: string): Promise<OverloadResult> {
  const { NODE_OPTIONS: _, ...env } = process.env;
  const program = join(directory, 'overload.mjs');
  await bundle(MAIN, program);
  const { stdout } = await promisify(execFile)(process.execPath, [program, JSON.stringify(plan)], { env });
  return JSON.parse(stdout) as OverloadResult;
}
