import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { temporaryDirectory } from '../../support/leftovers.ts';
import { runningAsRoot } from '../../support/servers/server-process.ts';

const STORY_LIMIT_MILLIS = 120_000;
const run = promisify(execFile);
const directory = temporaryDirectory('spool-disk');
afterAll(() => directory.remove());

/** Who is not root may mount in a user namespace, where the kernel gives one. */
const NAMESPACE = runningAsRoot() ? ['--mount'] : ['--mount', '--map-root-user'];

let story: Record<string, Record<string, unknown>> | undefined;

beforeAll(async () => {
  try {
    await run('unshare', [...NAMESPACE, 'mount', '-t', 'tmpfs', 'tmpfs', directory.path]);
  } catch (error) {
    process.stderr.write(`spool-disk: not run, file systems cannot be mounted here: ${String(error)}\n`);
    return;
  }
  const program = join(import.meta.dirname, 'spool', 'disk-story.ts');
  const { stdout } = await run('unshare', [...NAMESPACE, process.execPath, program, directory.path], {
    timeout: STORY_LIMIT_MILLIS,
  });
  story = JSON.parse(stdout);
});

test('a full disk is said in words, nothing that was taken is missing, and it goes on once there is room', () => {
  if (story === undefined) return;
  const words = 'StoreUnavailable: spool PATH: the disk is full (ENOSPC)';
  expect(story.full).toMatchObject({ failures: [words, words, words], freed: '', losses: [] });
  const { taken, came, pending } = story.full ?? {};
  expect(came).toEqual(taken);
  expect(pending).toBe(Array.isArray(taken) ? taken[0] : undefined);
});

test('a read-only disk is said in words, and what was on it is there when it can be written again', () => {
  if (story === undefined) return;
  expect(story.readOnly).toEqual({
    opening: 'StoreUnavailable: spool PATH: the file system is read-only (EROFS)',
    came: 5,
    losses: [],
  });
});

test('a directory that is removed under the spool is made anew', () => {
  if (story === undefined) return;
  expect(story.removed).toEqual({
    inTheWay: 'StoreUnavailable: spool PATH: something else is in its place (EEXIST)',
    first: 5,
    came: [5, 6, 7, 8, 9],
    losses: [],
    notices: ['spool PATH: it was removed and has been made anew'],
  });
});
