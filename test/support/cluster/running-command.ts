import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { endWithUs } from '../leftovers.ts';
import type { TestCluster } from './test-cluster.ts';

const PLUGIN = join(import.meta.dirname, '../../../bin/kubectl-dbaudit');

/** A command of `kubectl dbaudit` that goes on until it is stopped. */
export interface RunningCommand {
  /** So far. */
  readonly said: { readonly stdout: string; readonly stderr: string };
  /** Waits until `holds`; rejects with all that was said where it never does. */
  until(what: string, holds: () => boolean): Promise<void>;
  /** As by Ctrl-C; gives the exit code. */
  stop(): Promise<number | null>;
}

export function startDbaudit(cluster: TestCluster, words: readonly string[]): RunningCommand {
  const child = spawn(PLUGIN, words, {
    env: { ...cluster.environment, NODE_OPTIONS: '' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  endWithUs(child);
  const said = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said.stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said.stderr += text;
  });
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  return {
    said,
    until: async (what, holds) => {
      await cluster
        .waitFor(what, async () => (holds() ? true : undefined))
        .catch((error: unknown) => {
          throw new Error(`${error}\n${JSON.stringify(said, undefined, 2)}`);
        });
    },
    stop: () => {
      child.kill('SIGINT');
      return ended;
    },
  };
}
