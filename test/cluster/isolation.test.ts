import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { type Isolation, isolate } from '../support/cluster/isolation.ts';
import {
  cgroupDirectories,
  isAlive,
  type RunRecord,
  readRecord,
  removeLeftovers,
  removeRun,
  runDirectory,
} from '../support/cluster/run-directory.ts';

const LIMIT_MILLIS = 60_000;
const ISOLATION = join(import.meta.dirname, '../support/cluster/isolation.ts');

function newId(name: string): string {
  return `${Date.now().toString(36)}-${name}`;
}

/** Waits for what comes a moment after its cause. The limit is for what never comes. */
async function until(what: string, happened: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + LIMIT_MILLIS;
  while (!(await happened())) {
    if (Date.now() > deadline) throw new Error(`waited in vain until ${what}`);
    await sleep(50);
  }
}

function answers(address: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port });
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.unref();
    socket.once('close', () => resolve(false));
  });
}

function isLinked({ hostAddress }: RunRecord): boolean {
  return Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === hostAddress));
}

function remains({ id }: RunRecord): readonly string[] {
  return [runDirectory(id), ...cgroupDirectories(id)].filter((path) => existsSync(path));
}

/** A listener on the port of an API server, and something that writes below /run. */
function occupy(isolation: Isolation): void {
  isolation.start('listener', process.execPath, ['--eval', "require('node:net').createServer().listen(6443)"]);
  isolation.start('writer', 'sh', ['-c', 'mkdir /run/dbaudit-isolation; exec sleep 1000']);
}

test('two at once use the same ports and paths, and leave nothing when they end', async () => {
  const both = await Promise.all(['one', 'two'].map((name) => isolate(newId(name), { tie: true })));
  try {
    for (const isolation of both) occupy(isolation);
    for (const { record } of both) await until('its listener answers', () => answers(record.nodeAddress, 6443));
    expect(existsSync('/run/dbaudit-isolation')).toBe(false);
    expect(new Set(both.map(({ record }) => record.nodeAddress)).size).toBe(2);
  } finally {
    for (const isolation of both) {
      await isolation.end();
      await removeRun(isolation.record.id);
    }
  }
  expect(both.flatMap(({ record }) => remains(record))).toEqual([]);
  await until('their links are gone', () => !both.some(({ record }) => isLinked(record)));
});

test('what was started ends with a process that is killed, and the next start removes what it left', async () => {
  const id = newId('killed');
  const script = `const { isolate } = await import(${JSON.stringify(ISOLATION)});
    const isolation = await isolate(${JSON.stringify(id)}, { tie: true });
    isolation.start('sleeper', 'sleep', ['1000']);
    console.log('up');
    setInterval(() => {}, 1000);`;
  const owner = spawn(process.execPath, ['--input-type=module', '--no-warnings', '--eval', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await new Promise((resolve, reject) => {
    owner.stdout.once('data', resolve);
    owner.once('exit', () => reject(new Error('it ended by itself')));
  });
  const record = readRecord(id);
  if (record === undefined) throw new Error('there is no record of it');
  owner.removeAllListeners('exit');
  owner.kill('SIGKILL');
  try {
    await until('its first process has ended', () => !isAlive(record.init));
  } finally {
    if (isAlive(record.init)) process.kill(record.init.pid, 'SIGKILL');
  }
  await until('its link is gone', () => !isLinked(record));
  expect(remains(record)).not.toEqual([]);
  await removeLeftovers();
  expect(remains(record)).toEqual([]);
});
