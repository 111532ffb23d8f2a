import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { ruleLists, ruleListsSchema } from '../../../../collector/rules/lists.ts';
import type { Example, Rule } from '../../../../collector/rules/rule.ts';
import { readRule } from '../../../../collector/rules/sigma/rule-of.ts';
import { RuleStream } from '../../../../collector/rules/stream.ts';

const DIRECTORY = 'collector/rules/builtin';
/** What an installation would name, so that no rule is off. */
const LISTS = ruleLists(
  ruleListsSchema.parse({
    lists: {
      sensitive_tables: ['customers'],
      decoy_tables: ['salaries_2019'],
      application_accounts: ['orders'],
      replication_sources: ['10.0.9.0/24'],
    },
    calendars: {
      working_hours: { timeZone: 'Asia/Shanghai', from: '08:00', to: '20:00' },
      change_window: { timeZone: 'UTC', from: '22:00', to: '04:00' },
    },
  }),
);

const names = readdirSync(DIRECTORY).toSorted();
const read = (name: string) => readRule(readFileSync(join(DIRECTORY, name), 'utf8'), 'builtin', LISTS);

function detections(rule: Rule, { events }: Example): number {
  return new RuleStream([rule]).see(events).length;
}

describe.each(names)('%s', (name) => {
  test('is found by its name, says what it is for, and has examples', () => {
    const { rule, problem } = read(name);
    expect(problem).toBeUndefined();
    expect(`${rule.id}.yml`).toBe(name);
    expect(rule.description).toMatch(/\.$/);
    expect(rule.examples.match.length).toBeGreaterThan(0);
    expect(rule.examples.silent.length).toBeGreaterThan(0);
  });

  test('finds what it must', () => {
    const { rule } = read(name);
    const missed = rule.examples.match.filter((example) => detections(rule, example) === 0);
    expect(missed.map(({ title, events }) => title || events[0]?.db?.query?.text)).toEqual([]);
  });

  test('is silent where it must be', () => {
    const { rule } = read(name);
    const wrong = rule.examples.silent.filter((example) => detections(rule, example) > 0);
    expect(wrong.map(({ title, events }) => title || events[0]?.db?.query?.text)).toEqual([]);
  });
});
