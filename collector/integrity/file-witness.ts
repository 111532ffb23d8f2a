import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parseCheckpoint } from './checkpoint-schema.ts';
import { NewestCheckpoints } from './newest-checkpoints.ts';
import type { Checkpoint } from './seal.ts';
import type { Witness } from './witness.ts';

/** What somebody who has both the store and the signing key could cut off unseen is no older. */
const WRITE_MILLIS = 30_000;
const HOUR_MILLIS = 3_600_000;
const FILE_MODE = 0o600;
const DIRECTORY_MODE = 0o700;
const DAY_FILE = /^checkpoints-(\d{4}-\d\d-\d\d)\.ndjson$/;

/**
 * Checkpoints in files of a directory, one a day, a line each: on another volume than the store. Of days that are over one
 * checkpoint of each chain and hour stays: 300 bytes, so that a year of a hundred chains is 300 MB.
 * @throws Error when the directory cannot be made
 */
export async function openFileWitness(
  directory: string,
  onProblem: (error: unknown) => void,
  now: () => number = Date.now,
): Promise<Witness> {
  await mkdir(directory, { recursive: true, mode: DIRECTORY_MODE });
  const thinned = new Set<string>();
  const write = async (checkpoints: readonly Checkpoint[]) => {
    const today = `checkpoints-${dayOf(now())}.ndjson`;
    const file = await open(join(directory, today), 'a', FILE_MODE);
    try {
      await file.appendFile(checkpoints.map((checkpoint) => `${JSON.stringify(checkpoint)}\n`).join(''));
      await file.datasync();
    } finally {
      await file.close();
    }
    for (const name of await dayFiles(directory)) {
      if (name === today || thinned.has(name)) continue;
      await thin(directory, name);
      thinned.add(name);
    }
  };
  const newest = new NewestCheckpoints({ intervalMillis: WRITE_MILLIS, write, onProblem });
  return {
    publish: (checkpoints) => newest.add(checkpoints),
    read: async (chain) => (await readAll(directory)).filter((checkpoint) => checkpoint.chain === chain),
    chains: async () => [...new Set((await readAll(directory)).map(({ chain }) => chain))],
    close: () => newest.close(),
  };
}

async function dayFiles(directory: string): Promise<string[]> {
  return (await readdir(directory)).filter((name) => DAY_FILE.test(name)).sort();
}

async function readAll(directory: string): Promise<Checkpoint[]> {
  const files = await dayFiles(directory);
  const contents = await Promise.all(files.map((name) => readCheckpoints(join(directory, name))));
  return contents.flat();
}

async function readCheckpoints(path: string): Promise<Checkpoint[]> {
  const lines = (await readFile(path, 'utf8')).split('\n');
  return lines.flatMap((line) => parseCheckpoint(line) ?? []);
}

/** Leaves the last checkpoint of each chain and hour. */
async function thin(directory: string, name: string): Promise<void> {
  const kept = new Map<string, Checkpoint>();
  for (const checkpoint of await readCheckpoints(join(directory, name))) {
    kept.set(`${Math.floor(checkpoint.at / HOUR_MILLIS)} ${checkpoint.chain}`, checkpoint);
  }
  const part = join(directory, `${name}.part`);
  const file = await open(part, 'w', FILE_MODE);
  try {
    await file.writeFile([...kept.values()].map((checkpoint) => `${JSON.stringify(checkpoint)}\n`).join(''));
    await file.datasync();
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  } finally {
    await file.close();
  }
  await rename(part, join(directory, name));
}

function dayOf(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}
