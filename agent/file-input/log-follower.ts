import { stat } from 'node:fs/promises';
import { systemErrorCode } from '../../delivery/system-error.ts';
import { CHECK_BYTES, fingerprint, MAX_LINE_BYTES, NEWLINE, originOf, type Position } from './position.ts';
import { continues, findContinuation, findNext, type OpenLog, openLog } from './rotated-logs.ts';

/** How long a log that was rotated away is read on: nginx's workers write to it until each has heard of the rotation. */
const ROTATED_MILLIS = 2_000;

/** One line without its newline. */
export interface LogLine {
  readonly text: string;
  /** Unique for the line, and the same whenever it is read. */
  readonly id: string;
}

export interface FollowerReports {
  /** A line was longer than MAX_LINE_BYTES, or was never finished. */
  onUnreadable(): void;
  /** A log went on without what had been read of it: lines may be missing. */
  onLost(): void;
}

/** Reads a log line by line across its rotations, from a saved position on or from its beginning. */
export class LogFollower {
  readonly path: string;
  readonly #host: string;
  readonly #reports: FollowerReports;
  readonly #buffer = Buffer.allocUnsafeSlow(MAX_LINE_BYTES);
  #position: Position | undefined;
  #log: OpenLog | undefined;
  /** Since when the log has been rotated away and silent, in milliseconds of `performance.now`. */
  #silentSince: number | undefined;

  /** `host` tells files of one machine from those of another with the same numbers. */
  constructor(path: string, host: string, saved: Position | undefined, reports: FollowerReports) {
    this.path = path;
    this.#host = host;
    this.#position = saved;
    this.#reports = reports;
  }

  /** Behind the last line given. Undefined before a file has a first line: there is nothing yet to know its copy by. */
  get position(): Position | undefined {
    return this.#position?.origin === '' ? undefined : this.#position;
  }

  /** The next lines, at most MAX_LINE_BYTES of them; none where there are none now, and in front of a file's first, to be saved before it. */
  async read(): Promise<readonly LogLine[]> {
    const log = this.#log ?? (await this.#find());
    const position = this.#position;
    if (log === undefined || position === undefined) return [];
    const { size, mtimeNs } = await log.handle.stat({ bigint: true });
    const now = { ...log, size: Number(size), writtenAt: mtimeNs };
    if (!(await continues(now, position))) {
      await this.#forget();
      return [];
    }
    const { bytesRead } = await log.handle.read(this.#buffer, 0, MAX_LINE_BYTES, position.offset);
    const lines = await this.#take(this.#buffer.subarray(0, bytesRead), position, log);
    if (this.#position !== position) this.#silentSince = undefined;
    else await this.#leaveRotated(now, bytesRead > 0);
    return lines;
  }

  async close(): Promise<void> {
    await this.#forget();
  }

  async #find(): Promise<OpenLog | undefined> {
    const before = this.position;
    const found = before && (await findContinuation(this.path, before));
    if (found !== undefined && before !== undefined) {
      this.#log = found;
      this.#position = { ...before, file: found.file };
      return found;
    }
    const log = await openLog(this.path);
    if (log === undefined) return undefined;
    if (before !== undefined) this.#reports.onLost();
    return this.#begin(log);
  }

  #begin(log: OpenLog): OpenLog {
    this.#log = log;
    this.#silentSince = undefined;
    this.#position = { file: log.file, origin: '', offset: 0, check: fingerprint(), skipping: false };
    return log;
  }

  async #take(bytes: Buffer, position: Position, { handle }: OpenLog): Promise<readonly LogLine[]> {
    let end = bytes.lastIndexOf(NEWLINE) + 1;
    let { skipping } = position;
    if (end === 0 && bytes.length < MAX_LINE_BYTES) return [];
    if (position.origin === '') {
      this.#position = { ...position, origin: originOf(bytes) };
      return [];
    }
    const { origin } = position;
    const lines: LogLine[] = [];
    for (let start = 0; start < end; ) {
      const newline = bytes.indexOf(NEWLINE, start);
      if (skipping) skipping = false;
      else if (newline > start) lines.push(this.#line(bytes.subarray(start, newline), origin, position.offset + start));
      start = newline + 1;
    }
    if (end === 0) {
      if (!skipping) this.#reports.onUnreadable();
      skipping = true;
      end = bytes.length;
    }
    const offset = position.offset + end;
    const before = Buffer.alloc(Math.min(offset, CHECK_BYTES));
    if (end >= before.length) bytes.copy(before, 0, end - before.length, end);
    else await handle.read(before, 0, before.length, offset - before.length);
    this.#position = { ...position, offset, check: fingerprint(before), skipping };
    return lines;
  }

  /** Ids have no inode: a copy's lines are the original's, and inodes are given to one file after another. */
  #line(bytes: Buffer, origin: string, at: number): LogLine {
    const content = fingerprint(this.#host, '\0', bytes);
    return { text: bytes.toString('utf8'), id: `log.${origin}-${at}.${content}` };
  }

  /** Goes on with the next log where this one was rotated away and nothing has come for a while. */
  async #leaveRotated(log: OpenLog, hasUnfinishedLine: boolean): Promise<void> {
    const current = await this.#fileAtPath();
    if (current === undefined || current === log.file) {
      this.#silentSince = undefined;
      return;
    }
    this.#silentSince ??= performance.now();
    if (performance.now() - this.#silentSince < ROTATED_MILLIS) return;
    const next = await findNext(this.path, log);
    if (next === undefined) return;
    if (hasUnfinishedLine) this.#reports.onUnreadable();
    await this.#forget();
    this.#begin(next);
  }

  async #fileAtPath(): Promise<string | undefined> {
    try {
      const { dev, ino } = await stat(this.path, { bigint: true });
      return `${dev}.${ino}`;
    } catch (error) {
      if (systemErrorCode(error) === 'ENOENT') return undefined;
      throw error;
    }
  }

  async #forget(): Promise<void> {
    const log = this.#log;
    this.#log = undefined;
    await log?.handle.close();
  }
}
