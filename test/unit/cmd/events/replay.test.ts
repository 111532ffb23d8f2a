import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { auditEventSchema } from '../../../../contract/audit-event.ts';
import { auditEvent, sampleEvents } from '../../../support/audit-events.ts';
import { runPlugin } from '../../../support/plugin.ts';

const RECORDING = 'tools/demo/recording.pcap.gz';
const directory = mkdtempSync(join(tmpdir(), 'dbaudit-replay-'));
afterAll(() => rmSync(directory, { recursive: true }));

function file(name: string, text: string): string {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
}

const SAVED = sampleEvents().map((event) => `${JSON.stringify(event)}\n`);

describe('captures', () => {
  test('are shown as a table, with a summary beside it', async () => {
    const { code, stdout, stderr } = await runPlugin(['replay', RECORDING]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^TIME +CLIENT +SERVER +USER@DB +STATEMENT +ROWS +TOOK\n/);
    expect(stdout).toMatch(/app@app +SELECT id, total FROM orders WHERE customer = 'Ada' +1 /);
    expect(stderr).toMatch(/^mysql: \d+ sessions, \d+ statements$/m);
  });

  test('give valid events as JSON, the same from standard input', async () => {
    const { stdout } = await runPlugin(['replay', '-o', 'json', RECORDING]);
    const events = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(events.length).toBeGreaterThan(900);
    for (const event of events) expect(auditEventSchema.safeParse(event).error).toBeUndefined();
    const piped = await runPlugin(['replay', '-o', 'json', '-'], { stdin: readFileSync(RECORDING) });
    expect(piped.stdout === stdout).toBe(true);
  });

  test('pass the filters of tail', async () => {
    const { stdout } = await runPlugin([
      'replay',
      ...'-o template={{statement}} --operation role --not --protocol redis'.split(' '),
      RECORDING,
    ]);
    expect(stdout).toMatch(/^CREATE USER/);
    expect(stdout.trimEnd().split('\n').length).toBeLessThan(5);
  });
});

describe('saved events', () => {
  test('are given back as they were, from a file and from standard input', async () => {
    const path = file('saved.ndjson', SAVED.join(''));
    const fromFile = await runPlugin(['replay', '-o', 'json', path]);
    const fromStdin = await runPlugin(['replay', '-o', 'json', '-'], { stdin: SAVED.join('') });
    expect(fromFile.stdout.split('\n').map((line) => line && JSON.parse(line))).toEqual([...sampleEvents(), '']);
    expect(fromStdin.stdout).toBe(fromFile.stdout);
  });

  test('and captures may be mixed, in the order given', async () => {
    const path = file('mixed.ndjson', SAVED[1] ?? '');
    const { stdout } = await runPlugin(['replay', '-o', 'jsonpath={.@timestamp}', path, RECORDING, path]);
    const times = stdout.trimEnd().split('\n');
    expect([times[0], times.at(-1)]).toEqual([auditEvent({ at: times[0] ?? '' })['@timestamp'], times[0]]);
    expect(times.length).toBeGreaterThan(900);
  });

  test('what is between them is counted, what is torn is named', async () => {
    const log = `{"level":30,"msg":"capturing"}\n${SAVED[0]}\nhello\n${SAVED[1]?.slice(0, 300)}\n${SAVED[2]}`;
    const { stdout, stderr } = await runPlugin(['replay', '-o', 'template={{event.sequence}}', file('agent.log', log)]);
    expect(stdout).toBe('1\n3\n');
    expect(stderr).toContain('agent.log, line 5: its line is torn');
    expect(stderr).toContain('agent.log: 2 of 6 lines are no events and were left out');
  });

  test('of a newer version are shown without what is not known here, and kept whole as JSON', async () => {
    const event = { ...auditEvent(), novel: 1, dbaudit: { ...auditEvent().dbaudit, novelty: { deep: true } } };
    const path = file('newer.ndjson', `${JSON.stringify(event)}\n`);
    expect((await runPlugin(['replay', '-o', 'template={{statement}}', path])).stdout).toBe(
      'SELECT * FROM orders WHERE id = ? [42]\n',
    );
    expect(JSON.parse((await runPlugin(['replay', '-o', 'json', path])).stdout)).toEqual(event);
  });

  test('of another schema are named, not dropped in silence', async () => {
    const event = { ...auditEvent(), event: { ...auditEvent().event, action: 'db.telepathy' } };
    const { stdout, stderr } = await runPlugin(['replay', file('other.ndjson', `${JSON.stringify(event)}\n`)]);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/other\.ndjson, line 1: it is of another version of dbaudit \(event\.action: /);
  });

  test('are bounded by time', async () => {
    const words = ['--since', '2026-01-02T03:04:05.250Z', '--until', '2026-01-02T03:04:05.450Z'];
    const { stdout } = await runPlugin([
      'replay',
      '-o',
      'template={{event.sequence}}',
      ...words,
      file('time.ndjson', SAVED.join('')),
    ]);
    expect(stdout).toBe('3\n4\n5\n');
  });
});

describe('what cannot be read', () => {
  test.each([
    [['/nowhere.pcap'], /DBA1002: \/nowhere\.pcap: (Error: )?ENOENT/],
    [[tmpdir()], /DBA1002: .*EISDIR/],
  ])('%j', async (words, message) => {
    const { code, stderr } = await runPlugin(['replay', ...words]);
    expect(code).toBe(1);
    expect(stderr).toMatch(message);
  });

  test('what was before it is shown', async () => {
    const { code, stdout } = await runPlugin([
      'replay',
      '-o',
      'json',
      file('ok.ndjson', SAVED[0] ?? ''),
      '/nowhere.pcap',
    ]);
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toEqual(sampleEvents()[0]);
  });

  test('nothing at all is no capture', async () => {
    const { code, stderr } = await runPlugin(['replay', '-'], { stdin: '' });
    expect(code).toBe(1);
    expect(stderr).toContain('DBA1002');
  });
});
