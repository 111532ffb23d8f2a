import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * What must not outlive this process, however it ends: tests fail, a demo is interrupted. Whoever ends a child or
 * removes a directory in the ordinary way takes it from the list.
 */
const children = new Map<ChildProcess, NodeJS.Signals>();
const directories = new Set<string>();

process.on('exit', () => {
  for (const [child, signal] of children) child.kill(signal);
  for (const path of directories) removeDirectory(path);
});

/** Children that were ended may still be writing for a moment. */
function removeDirectory(path: string): void {
  rmSync(path, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
}

/** Ends `child` when this process ends before it does. */
export function endWithUs(child: ChildProcess, signal: NodeJS.Signals = 'SIGKILL'): void {
  children.set(child, signal);
  child.once('exit', () => children.delete(child));
}

export interface TemporaryDirectory {
  readonly path: string;
  remove(): void;
}

/** A directory that is gone after `remove`, and when this process ends without it. */
export function temporaryDirectory(purpose: string): TemporaryDirectory {
  const path = mkdtempSync(join(tmpdir(), `dbaudit-${purpose}-`));
  directories.add(path);
  return {
    path,
    remove() {
      removeDirectory(path);
      directories.delete(path);
    },
  };
}
