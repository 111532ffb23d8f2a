import { createHash } from 'node:crypto';
import { readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Platform } from '../node-binaries.ts';
import { run } from '../run.ts';

/** What a plugin may weigh: krew downloads it whole. */
const LIMIT_BYTES = 45_000_000;
/** Of all files, so that the same input gives the same archive; zip knows none before 1980. */
const FILE_TIME = '1980-01-01 00:00:00 UTC';

export function archiveName(version: string, platform: Platform): string {
  return `dbaudit-v${version}-${platform}.${platform.startsWith('windows') ? 'zip' : 'tar.gz'}`;
}

/** Packs all files of a directory, with no directory around them. */
export function pack(directory: string, files: readonly string[], archive: string): void {
  const unfinished = resolve(`${archive}.part`);
  rmSync(unfinished, { force: true });
  if (archive.endsWith('.zip')) {
    run('touch', ['--date', FILE_TIME, ...files], { directory });
    run('zip', ['-q', '-X', '-9', unfinished, ...files], { directory, environment: { TZ: 'UTC' } });
  } else {
    const owner = ['--owner=0', '--group=0', '--numeric-owner', `--mtime=${FILE_TIME}`];
    run('tar', [...owner, '--use-compress-program=gzip -9n', '-cf', unfinished, ...files], { directory });
  }
  const { size } = statSync(unfinished);
  if (size > LIMIT_BYTES) throw new Error(`${archive} has ${size} bytes, more than ${LIMIT_BYTES}`);
  renameSync(unfinished, archive);
}

export function sha256(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}
