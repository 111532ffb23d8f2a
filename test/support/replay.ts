import { spawnSync } from 'node:child_process';
import type { AuditEvent } from '../../contract/audit-event.ts';
import { parseEvents } from './events.ts';
import { AGENT } from './live-agent.ts';

/** Replaying half a million packets takes about a second. */
const REPLAY_LIMIT_MILLIS = 120_000;
const LARGEST_OUTPUT_BYTES = 1_073_741_824;

/** `dbaudit-agent replay FILE`, as a user would run it. Throws with what it said when it fails. */
export function replayFile(file: string): AuditEvent[] {
  const { NODE_OPTIONS: _, ...environment } = process.env;
  const { status, stdout, stderr, error } = spawnSync(AGENT, ['replay', file], {
    timeout: REPLAY_LIMIT_MILLIS,
    maxBuffer: LARGEST_OUTPUT_BYTES,
    env: environment,
  });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`replay ended with ${status}: ${stderr}`);
  return parseEvents(stdout);
}
