import { type FileHandle, open, readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { systemErrorCode } from '../../delivery/system-error.ts';
import { CHECK_BYTES, fingerprint, MAX_LINE_BYTES, originOf, type Position } from './position.ts';

/** What logrotate puts behind a log's name: `.1`, `-20261122`, `.2026-11-22`. What it has compressed is not read. */
const ROTATED = /^[.-]\d[\d.-]*$/;

/** An open log, and what it is known by. */
export interface OpenLog {
  readonly handle: FileHandle;
  /** `device.inode`. */
  readonly file: string;
  readonly size: number;
  readonly writtenAt: bigint;
}

/** Undefined where there is no such file, or it is none that lines can be read from. */
export async function openLog(path: string): Promise<OpenLog | undefined> {
  let handle: FileHandle;
  try {
    // A fifo in its place would make opening wait for ever.
    if (!(await stat(path)).isFile()) return undefined;
    handle = await open(path, 'r');
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
  const { dev, ino, size, mtimeNs } = await handle.stat({ bigint: true });
  return { handle, file: `${dev}.${ino}`, size: Number(size), writtenAt: mtimeNs };
}

/** What is in a log up to the position is what was read there. */
export async function continues({ handle, size }: OpenLog, { offset, check, origin }: Position): Promise<boolean> {
  if (size < offset) return false;
  if (offset === 0) return origin === '' || (await beginsWith(handle, origin));
  const before = Buffer.alloc(Math.min(offset, CHECK_BYTES));
  const { bytesRead } = await handle.read(before, 0, before.length, offset - before.length);
  return bytesRead === before.length && fingerprint(before) === check;
}

async function beginsWith(handle: FileHandle, origin: string): Promise<boolean> {
  const head = Buffer.alloc(MAX_LINE_BYTES);
  const { bytesRead } = await handle.read(head, 0, head.length, 0);
  return originOf(head.subarray(0, bytesRead)) === origin;
}

/** The log at `path` or one that it was renamed or copied to, in which reading goes on at `position`. */
export async function findContinuation(path: string, position: Position): Promise<OpenLog | undefined> {
  const isSame = async (log: OpenLog) => log.file === position.file && (await continues(log, position));
  const isCopy = (log: OpenLog) => continues(log, position);
  const paths = [path, ...(await rotatedPaths(path))];
  return (await firstOf(paths, isSame)) ?? (await firstOf(paths, isCopy));
}

/** The log that was begun next after one written last at `writtenAt`, its own file excepted; the one at `path` where none was. */
export async function findNext(path: string, { file, writtenAt }: OpenLog): Promise<OpenLog | undefined> {
  const current = await openLog(path);
  let next: OpenLog | undefined;
  for (const candidate of await rotatedPaths(path)) {
    const log = await openLog(candidate);
    const isLater = log && log.file !== file && log.file !== current?.file && log.writtenAt > writtenAt;
    if (log !== undefined && isLater && (next === undefined || log.writtenAt < next.writtenAt)) {
      await next?.handle.close();
      next = log;
    } else await log?.handle.close();
  }
  if (next === undefined) return current;
  await current?.handle.close();
  return next;
}

async function firstOf(paths: readonly string[], isIt: (log: OpenLog) => Promise<boolean>) {
  for (const path of paths) {
    const log = await openLog(path);
    if (log === undefined) continue;
    if (await isIt(log)) return log;
    await log.handle.close();
  }
  return undefined;
}

async function rotatedPaths(path: string): Promise<readonly string[]> {
  const name = basename(path);
  const names = await readdir(dirname(path)).catch(() => []);
  return names
    .filter((other) => other.startsWith(name) && ROTATED.test(other.slice(name.length)))
    .sort()
    .map((other) => join(dirname(path), other));
}
