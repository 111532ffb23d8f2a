import { appendFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import pino from 'pino';
import type { ReportDocument } from '../../../../collector/reports/document.ts';
import { KeptReports } from '../../../../collector/reports/kept-reports.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../../../support/leftovers.ts';

const DAY_MILLIS = 86_400_000;
const NOW = Date.parse('2026-03-10T00:00:00Z');
let directory: TemporaryDirectory;

beforeEach(() => {
  directory = temporaryDirectory('kept-reports');
});

afterEach(() => directory.remove());

function open(maxReports = 10, now = NOW): KeptReports {
  return new KeptReports({
    directory: directory.path,
    keepDays: 7,
    maxReports,
    now: () => now,
    log: pino({ level: 'silent' }),
  });
}

function document(id: string, daysOld = 0): ReportDocument {
  return {
    id,
    kind: 'day',
    title: 'a',
    description: 'b\nc',
    language: 'en',
    timeZone: 'UTC',
    range: { from: 0, to: 1 },
    madeAt: NOW - daysOld * DAY_MILLIS,
    by: 'amy',
    namespaces: ['shop'],
    hasBefore: true,
    sections: [{ title: 'd\ne', blocks: [{ kind: 'paragraph', text: 'f' }] }],
  };
}

test('what is kept is read again by the next collector, and by nobody else on the machine', async () => {
  open().keep(document('one'));
  expect(await open().read('one')).toEqual(document('one'));
  expect(await open().read('two')).toBeUndefined();
  for (const file of readdirSync(directory.path))
    expect(statSync(`${directory.path}/${file}`).mode & 0o777).toBe(0o600);
});

test('the oldest go first, by number and by age', async () => {
  const kept = open(3);
  for (const [index, id] of ['a', 'b', 'c', 'd'].entries()) kept.keep(document(id, 6 - index));
  expect(kept.list().map(({ id }) => id)).toEqual(['d', 'c', 'b']);
  expect(
    open(3, NOW + 3.5 * DAY_MILLIS)
      .list()
      .map(({ id }) => id),
  ).toEqual(['d']);
  expect(readdirSync(directory.path)).toEqual(['d.report']);
});

test('a file that is no report is left alone, and the others are there', () => {
  open().keep(document('one'));
  writeFileSync(`${directory.path}/torn.report`, '{"id":');
  appendFileSync(`${directory.path}/other.txt`, 'x');
  expect(
    open()
      .list()
      .map(({ id }) => id),
  ).toEqual(['one']);
});
