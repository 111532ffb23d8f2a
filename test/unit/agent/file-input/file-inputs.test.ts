import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { readConfig } from '../../../../agent/config.ts';
import { createPacketbeatEncoder } from '../../../../agent/encode/packetbeat.ts';
import { FileInputs } from '../../../../agent/file-input/file-inputs.ts';
import type { HttpAccess } from '../../../../agent/file-input/http-access.ts';
import { encodeOne, sampleOptions, sampleTimeline } from '../encode/sample-events.ts';

let directory = '';
let path = '';
let stop = new AbortController();
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'dbaudit-inputs-'));
  path = join(directory, 'access.log');
  stop = new AbortController();
});
afterEach(() => rmSync(directory, { recursive: true }));

const line = (request: string) =>
  `203.0.113.9 - - [22/Nov/2026:01:15:04 +0000] "GET /${request} HTTP/1.1" 200 1 "-" "-" 78 0.004 [] [] - - - - id${request}\n`;

function start(isKept: () => boolean) {
  const events: HttpAccess[] = [];
  const notices: string[] = [];
  const inputs = new FileInputs({
    inputs: [{ type: 'ingress-nginx', path, format: 'default' }],
    directory,
    host: 'node-1',
    timeline: sampleTimeline(),
    output: { mark: () => [[events.length]], isKept: ([mark]) => mark?.[0] === 0 || isKept() },
    emit: (access) => events.push(access),
    onNotice: (message) => notices.push(message),
  });
  inputs.start(stop.signal);
  return { inputs, events, notices };
}

async function until(isSo: () => boolean): Promise<void> {
  for (let tries = 0; !isSo() && tries < 500; tries += 1) await sleep(20);
  expect(isSo()).toBe(true);
}

test('no position is saved, and no more is read, before the events are kept', async () => {
  let isKept = false;
  let asked = 0;
  writeFileSync(path, line('1'));
  const first = start(() => {
    asked += 1;
    return isKept;
  });
  await until(() => asked > 0);
  appendFileSync(path, line('2'));
  const before = asked;
  await until(() => asked > before + 3);
  expect(first.events.map((access) => access.path)).toEqual(['/1']);
  expect(readFileSync(join(directory, 'inputs.json'), 'utf8')).toContain('"offset":0,');
  isKept = true;
  await until(() => first.events.length === 2);
  await until(() => readFileSync(join(directory, 'inputs.json'), 'utf8').includes(`"offset":${2 * line('1').length}`));
  stop.abort();
  await first.inputs.finish(false);

  stop = new AbortController();
  appendFileSync(path, line('3'));
  const second = start(() => true);
  await until(() => second.events.length > 0);
  stop.abort();
  await second.inputs.finish(true);
  expect(second.events.map((access) => access.path)).toEqual(['/3']);
});

test('lines that are not understood are counted and said once, without the line', async () => {
  writeFileSync(path, `password=hunter2\nother\n${line('1')}`);
  const { inputs, events, notices } = start(() => true);
  await until(() => events.length === 1);
  stop.abort();
  await inputs.finish(true);
  expect(inputs.counts).toEqual([{ path, lines: 3, notUnderstood: 2, interruptions: 0 }]);
  expect(notices).toHaveLength(1);
  expect(notices[0]).not.toContain('hunter2');
});

test('a damaged file of positions is said; logs are read from their beginning', async () => {
  writeFileSync(join(directory, 'inputs.json'), '{"x":');
  writeFileSync(path, line('1'));
  const { inputs, events, notices } = start(() => true);
  await until(() => events.length === 1);
  stop.abort();
  await inputs.finish(true);
  expect(notices[0]).toMatch(/inputs\.json cannot be used/);
});

test("Packetbeat's format has the request too, under its own id", async () => {
  writeFileSync(path, line('1'));
  const { inputs, events } = start(() => true);
  await until(() => events.length === 1);
  stop.abort();
  await inputs.finish(true);
  const [activity] = events;
  if (activity === undefined) throw new Error('no event');
  const written = encodeOne(createPacketbeatEncoder(sampleOptions()), {
    activity,
    session: undefined,
    analysis: undefined,
  });
  expect(written).toMatchObject({
    event: { id: activity.id, action: 'http.access', duration: 4_000_000, dataset: 'nginx.ingress_controller' },
    http: { request: { method: 'GET', id: 'id1' }, response: { status_code: 200 } },
    url: { path: '/1' },
  });
});

test('inputs need the directory of a spool, and each file is named once', () => {
  const input = { type: 'ingress-nginx', path: '/var/log/nginx/access.log' };
  const delivery = { spool: { directory: '/var/lib/dbaudit/spool' } };
  expect(readConfig({}, {}).inputs).toEqual([]);
  expect(readConfig({ inputs: [input], delivery }, {}).inputs).toEqual([{ ...input, format: 'default' }]);
  expect(() => readConfig({ inputs: [input] }, {})).toThrow(/delivery\.spool\.directory: expected a directory/);
  expect(() => readConfig({ inputs: [input, input], delivery }, {})).toThrow(/inputs: names a file twice/);
  expect(() => readConfig({ inputs: [{ ...input, path: 'access.log' }], delivery }, {})).toThrow(/inputs\.0\.path/);
});
