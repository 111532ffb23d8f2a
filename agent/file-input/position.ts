import { hash } from 'node:crypto';
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import * as z from 'zod';
import { systemErrorCode } from '../../delivery/system-error.ts';

/** What is looked at in front of a position to tell a file from another: with ingress-nginx' formats, the end of a line with a request's id. */
export const CHECK_BYTES = 128;
/** The longest line, and what is read at once. nginx takes 8 KiB of request line and headers each, and escapes bytes to four. */
export const MAX_LINE_BYTES = 65_536;
export const NEWLINE = 0x0a;
/** It says where logs lie. */
const FILE_MODE = 0o600;
const DIRECTORY_MODE = 0o700;

const positionSchema = z.strictObject({
  /** `device.inode` of the file that is read. */
  file: z.string(),
  /** Of its first line: what the file is, whatever it is renamed or copied to. */
  origin: z.string(),
  offset: z.int().min(0),
  /** Of up to CHECK_BYTES in front of the offset. */
  check: z.string(),
  /** The offset is within a line that is too long; what is left of it is passed over. */
  skipping: z.boolean(),
});
const fileSchema = z.record(z.string(), positionSchema);

/** How far a file has been read. */
export type Position = z.infer<typeof positionSchema>;

/** 64 bits of a hash, in hex: against confusion, not against forgery. */
export function fingerprint(...parts: readonly (string | Buffer)[]): string {
  return hash('sha256', Buffer.concat(parts.map((part) => Buffer.from(part))), 'hex').slice(0, 16);
}

/** Of the first line of a file that begins with `bytes`. */
export function originOf(bytes: Buffer): string {
  const end = bytes.indexOf(NEWLINE);
  return fingerprint(end < 0 ? bytes : bytes.subarray(0, end));
}

/**
 * Positions by path, as they were last saved; none where there is no such file.
 * @throws SyntaxError or ZodError where it is not what was written, or the system's error
 */
export async function readPositions(path: string): Promise<Map<string, Position>> {
  try {
    return new Map(Object.entries(fileSchema.parse(JSON.parse(await readFile(path, 'utf8')))));
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return new Map();
    throw error;
  }
}

/** All or nothing of it is on disk, whatever happens. */
export async function writePositions(path: string, positions: ReadonlyMap<string, Position>): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: DIRECTORY_MODE });
  const unfinished = `${path}.part`;
  const file = await open(unfinished, 'w', FILE_MODE);
  try {
    await file.writeFile(JSON.stringify(Object.fromEntries(positions)));
    await file.datasync();
  } finally {
    await file.close();
  }
  await rename(unfinished, path);
}
