import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

const PROGRAM = join(import.meta.dirname, 'check_signature.py');

export interface Signed {
  readonly kind: 'dingtalk' | 'feishu' | 'webhook';
  readonly secret: string;
  readonly timestamp: string;
  readonly signature: string;
  readonly body?: Buffer;
}

/** By an implementation that has nothing in common with ours: Python's. */
export function isRightlySigned({ body, ...signed }: Signed): boolean {
  const input = JSON.stringify({ ...signed, ...(body === undefined ? {} : { body: body.toString('base64') }) });
  return execFileSync('python3', [PROGRAM], { input, encoding: 'utf8' }).trim() === 'right';
}
