import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { readConfig } from '../../../agent/config.ts';
import { describeSinkTest, listSinks, runSinkTest } from '../../../agent/sink-command.ts';
import { auditEventSchema } from '../../../contract/audit-event.ts';

const directory = mkdtempSync(join(tmpdir(), 'dbaudit-sink-command-'));
afterAll(() => rmSync(directory, { recursive: true }));

const path = join(directory, 'events.ndjson');
const config = readConfig(
  {
    sinks: [
      { type: 'stdout' },
      { type: 'file', name: 'trail', path },
      { type: 'file', name: 'astray', path: join(directory, 'nowhere', 'events.ndjson') },
      {
        type: 'kafka',
        name: 'cloud',
        preset: 'aliyun-sls',
        brokers: ['shop.cn-hangzhou.log.aliyuncs.com:10012'],
        ...sls(),
      },
    ],
  },
  {},
);

function sls() {
  const passwordFile = join(directory, 'password');
  writeFileSync(passwordFile, 'an-id#a-secret');
  return { topic: 'audit.json', tls: {}, sasl: { mechanism: 'plain', username: 'shop', passwordFile } };
}

describe('sink list', () => {
  test('says where events go, each in the format that its receiver expects, and no secret', () => {
    const text = listSinks(config, false);
    expect(text.split('\n')[0]).toBe('stdout\tstdout\tstandard output\tnative');
    expect(text).toMatch(/^cloud\tkafka\t\S*shop\.cn-hangzhou\S*\tpacketbeat$/m);
    expect(text).not.toContain('a-secret');
    expect(JSON.parse(listSinks(config, true))).toHaveLength(4);
  });
});

describe('sink test', () => {
  test('writes one event that the contract knows, and finds it again', async () => {
    const report = await runSinkTest(config, 'trail');
    expect(report).toMatchObject({ sink: 'trail', type: 'file', ok: true });
    expect(report.steps.map(({ name, outcome }) => `${name} ${outcome}`)).toEqual([
      'configuration ok',
      'write ok',
      'read-back ok',
    ]);
    const event = auditEventSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
    expect(event.event).toMatchObject({ id: report.eventId, action: 'dbaudit.sink.test' });
    expect(describeSinkTest(report)).toMatch(/^trail -> [^\n]+\n {2}configuration ok[^\n]+\n.*\nok\n$/s);
  });

  test('says what is wrong, and what to do', async () => {
    const report = await runSinkTest(config, 'astray');
    expect(report.ok).toBe(false);
    expect(report.steps).toHaveLength(1);
    expect(report.steps[0]).toMatchObject({ name: 'configuration', outcome: 'failed', code: 'DBA1001' });
    expect(describeSinkTest(report)).toMatch(/its directory does not exist\n {4}next: /);
  });

  test('standard output is not written to: its reader is whoever asked', async () => {
    const { steps, ok } = await runSinkTest(config, 'stdout');
    expect(ok).toBe(true);
    expect(steps.map(({ outcome }) => outcome)).toEqual(['ok', 'not-possible', 'not-possible']);
  });

  test('a sink that is not there is named, and those that are', async () => {
    await expect(runSinkTest(config, 'nothing')).rejects.toMatchObject({
      code: 'DBA1004',
      nextStep: 'the configuration has stdout, trail, astray, cloud',
    });
  });
});
