import { randomUUID } from 'node:crypto';
import { lstat, open, rename, rm } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { StoreUnavailable } from '../event-store.ts';
import { systemErrorCode } from '../system-error.ts';
import { unavailable } from './spool-failure.ts';

export const LOCK_NAME = 'lock';

/** Longer than the kernel needs for a connection on one machine; who takes longer is stopped, and alive. */
const ANSWER_LIMIT_MILLIS = 2000;
/** Each turn, somebody else had just taken it or let it go. */
const ATTEMPTS = 5;

/**
 * Keeps a directory to one process, by a Unix socket in it that this process listens on: the kernel lets go of it whatever
 * ends the process, and other containers see it, which share neither process ids nor network names with this one.
 * @throws StoreUnavailable where another process has it, or no socket can be made
 */
export async function lockDirectory(directory: string): Promise<{ release(): Promise<void> }> {
  const handle = await open(directory);
  // A socket's address has 107 bytes, a directory's path may have more.
  const path = join(`/proc/self/fd/${handle.fd}`, LOCK_NAME);
  try {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const server = await listenOn(path);
      if (server !== undefined) {
        return {
          async release() {
            await new Promise((resolve) => server.close(resolve));
            await handle.close();
          },
        };
      }
      if (await isListenedOn(path)) break;
      await removeStale(path, join(`/proc/self/fd/${handle.fd}`, `${LOCK_NAME}.${randomUUID()}`));
    }
    throw new StoreUnavailable(`spool ${directory}: another agent uses this directory; each needs its own`);
  } catch (error) {
    await handle.close();
    throw unavailable(error, directory);
  }
}

/** Undefined where the path is taken. */
function listenOn(path: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((connection) => connection.destroy());
    server.once('error', (error) => {
      if (systemErrorCode(error) === 'EADDRINUSE') resolve(undefined);
      else reject(error);
    });
    server.listen(path, () => resolve(server.unref()));
  });
}

/** False where nobody is behind it any more. */
function isListenedOn(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = connect(path);
    connection.setTimeout(ANSWER_LIMIT_MILLIS, () => connection.destroy());
    connection.once('error', (error) => resolve(!['ECONNREFUSED', 'ENOENT'].includes(systemErrorCode(error) ?? '')));
    connection.once('connect', () => resolve(true));
    connection.once('close', () => resolve(true));
    connection.once('connect', () => connection.destroy());
  });
}

/** Between the look and the removal another process may have taken it: then it gets it back. */
async function removeStale(path: string, aside: string): Promise<void> {
  try {
    if (!(await lstat(path)).isSocket()) {
      throw new StoreUnavailable(`spool: there is a ${LOCK_NAME} in its directory that is none; remove it`);
    }
    await rename(path, aside);
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return;
    throw error;
  }
  if (await isListenedOn(aside)) await rename(aside, path);
  else await rm(aside, { force: true });
}
