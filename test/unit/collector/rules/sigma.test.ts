import { describe, expect, test } from '@jest/globals';
import { compileMatcher } from '../../../../collector/query/matcher.ts';
import { ruleLists, ruleListsSchema } from '../../../../collector/rules/lists.ts';
import { readRule } from '../../../../collector/rules/sigma/rule-of.ts';
import type { AuditEvent } from '../../../../contract/audit-event.ts';
import { auditEvent } from '../../../support/audit-events.ts';

const LISTS = ruleLists(ruleListsSchema.parse({ lists: { mine: ['orders', 'cust*'] } }));

/** A rule whose `detection` is these lines. */
function source(detection: string, rest = '', logsource = 'category: database'): string {
  return `title: test\nname: test\nlogsource: { ${logsource} }\ndetection:\n${detection.replace(/^/gm, '  ')}\n${rest}`;
}

const read = (text: string) => readRule(text, 'custom', LISTS);

function matches(selection: string, event: AuditEvent = auditEvent()): boolean {
  const { rule } = read(source(`selection: ${selection}\ncondition: selection`));
  return compileMatcher(rule.filter)(event);
}

describe('fields and modifiers', () => {
  // The event is `SELECT *\n  FROM orders WHERE id = ?` by app, one row in 2.1 ms from 10.244.0.7.
  test.each([
    ['{ user.name: app }', true],
    ['{ user.name: APP }', true],
    ['{ user.name|cased: APP }', false],
    ['{ user.name: [root, app] }', true],
    ['{ user.name: "a?p" }', true],
    ['{ user.name: "a*" }', true],
    ['{ user.name: "a\\\\*" }', false],
    ['{ db.query.text|contains: from orders }', true],
    ['{ db.query.text|contains: [nothing, "* FROM"] }', true],
    ['{ db.query.text|contains: "\\\\* FROM" }', false],
    ['{ db.query.text|contains: "SELECT \\\\*" }', true],
    ['{ db.query.text|contains|all: [select, where] }', true],
    ['{ db.query.text|contains|all: [select, update] }', false],
    ['{ db.query.text|startswith: select }', true],
    ['{ db.query.text|endswith: "= \\\\?" }', true],
    ["{ db.query.text|re: 'FROM\\s+orders' }", true],
    ["{ db.query.text|re: 'from\\s+orders' }", false],
    ["{ db.query.text|re|i: 'from\\s+orders' }", true],
    ["{ db.query.text|re|i|s: 'select.*orders' }", true],
    ['{ client.ip|cidr: 10.0.0.0/8 }', true],
    ['{ client.ip|cidr: [192.168.0.0/16, 10.1.0.0/16] }', false],
    ['{ db.response.returned_rows|gte: 1 }', true],
    ['{ db.response.returned_rows|gt: 1 }', false],
    ['{ event.duration|lt: 2100001, event.duration|lte: 2100000 }', true],
    ['{ db.response.returned_rows: 1 }', true],
    ['{ error.code|exists: false }', true],
    ['{ error.code: null }', true],
    ['{ user.name|exists: true, error.code|exists: true }', false],
    ['{ dbaudit.statement.tables|expand: "%mine%" }', true],
    ['{ db.query.parameter.0: 42 }', true],
    ['[{ user.name: nobody }, { user.name: app }]', true],
    ['[orders, customers]', true],
    ['customers', false],
    ['{ "|all": [orders, where] }', true],
  ])('%s: %s', (selection, expected) => {
    expect(matches(selection)).toBe(expected);
  });

  test('the API server’s own names are known', () => {
    const { rule } = read(
      source(
        'selection: { verb: get, objectRef.resource: secrets, user.username: alice }\ncondition: selection',
        '',
        'product: kubernetes, service: audit',
      ),
    );
    const audit = {
      auditID: 'x',
      stage: 'ResponseComplete',
      verb: 'get',
      user: { username: 'alice' },
      objectRef: { resource: 'secrets' },
    };
    const event = auditEvent({ event: { action: 'k8s.api' }, rest: { kubernetes: { namespace: 'shop', audit } } });
    expect(compileMatcher(rule.filter)(event)).toBe(true);
    expect(compileMatcher(rule.filter)(auditEvent())).toBe(false);
  });
});

describe('conditions', () => {
  const items =
    'yes_a: { user.name: app }\nyes_b: { user.name: app }\nno_a: { user.name: x }\n_hidden: { user.name: x }\n';
  test.each([
    ['yes_a', true],
    ['not yes_a', false],
    ['yes_a and no_a or yes_b', true],
    ['yes_a and (no_a or yes_b)', true],
    ['no_a and no_a or yes_b and not no_a', true],
    ['not (yes_a and yes_b)', false],
    ['1 of yes_*', true],
    ['all of yes_*', true],
    ['all of them', false],
    ['1 of them', true],
    ['any of no_*', false],
    ['NOT no_a AND yes_a', true],
  ])('%s: %s', (condition, expected) => {
    const { rule } = read(source(`${items}condition: ${condition}`));
    expect(compileMatcher(rule.filter)(auditEvent())).toBe(expected);
  });

  test('Sigma 1 counts within the condition', () => {
    const detection =
      'selection: { event.outcome: failure }\ntimeframe: 5m\ncondition: selection | count(user.name) by client.ip > 4';
    expect(read(source(detection)).rule).toMatchObject({
      window: { kind: 'distinct', field: 'user.name', timespanSeconds: 300, atLeast: 5 },
      groupBy: ['client.ip'],
    });
  });
});

describe('what is wrong is said with its line', () => {
  test.each([
    [
      source('selection: { user.nam: app }\ncondition: selection'),
      /^line 5: there is no field "user\.nam"; did you mean "user\.name"\?$/,
    ],
    [
      source('selection:\n  user.name: app\n  user.name|begins: app\ncondition: selection'),
      /^line 7: the modifier "begins" is not known here; .*startswith/,
    ],
    [
      source('selection: { user.name: app }\ncondition: selektion'),
      /^line 6: the condition "selektion" cannot be read: "selektion" is no name under detection; there are selection$/,
    ],
    [source('selection: { user.name: app }\ncondition: (selection'), /a "\)" is missing/],
    [
      source('selection: { event.duration|gte: long }\ncondition: selection'),
      /^line 5: "event\.duration" is of type integer; this is "long"$/,
    ],
    [source("selection: { user.name|re: '(' }\ncondition: selection"), /^line 5: /],
    [source('selection: { client.ip|cidr: 10.0.0.0/40 }\ncondition: selection'), /^line 5: /],
    [
      source('selection: { user.name|expand: "%nothing%" }\ncondition: selection'),
      /^line 5: there is no list "nothing"/,
    ],
    [
      source('selection: { user.name: app }\ncondition: selection', '', 'product: oracle'),
      /^line 3: there are no events of "oracle"; products are mysql, /,
    ],
    [source('selection: { user.name: app }\ncondition: selection', 'level: severe'), /^line 7: level: /],
    [source('selection: { user.name: app }\ncondition: selection', 'dbaudit: { mod: on }'), /^line 7: dbaudit: .*mod/],
    [
      source(
        'selection: { user.name: app }\ncondition: selection',
        'dbaudit:\n  examples:\n    match:\n      - { event.outcome: maybe }',
      ),
      /^line 10: no valid event: event\.outcome/,
    ],
    [
      source('selection: { user.name: app }\ntimeframe: soon\ncondition: selection'),
      /^line 6: .*expected a time such as 30s/,
    ],
    ['title: [', /^not valid YAML/],
    ['just text', /^line 1: expected a Sigma rule$/],
    ['title: x\nname: x\n', /^line 1: expected "detection", or "correlation"$/],
    ['', /there is no rule in it/],
  ])('%#', (text, message) => {
    expect(() => read(text)).toThrow(message);
  });

  test('a name that could be a path is refused', () => {
    expect(() =>
      read(source('selection: { user.name: app }\ncondition: selection').replace('name: test', 'name: ../x')),
    ).toThrow(/letters, digits/);
  });
});

describe('correlations', () => {
  const base =
    '---\ntitle: b\nname: b\nlogsource: { category: database }\ndetection:\n  s: { event.outcome: failure }\n  condition: s\n';
  const correlation = (lines: string) => `title: c\nname: c\ncorrelation:\n${lines.replace(/^/gm, '  ')}\n${base}`;

  test('count, by a field that is there under another name', () => {
    const { rule } = read(
      correlation('type: event_count\nrules: b\ngroup-by: [client.ip]\ntimespan: 2h\ncondition: { gt: 9 }'),
    );
    expect(rule).toMatchObject({
      id: 'c',
      window: { kind: 'count', timespanSeconds: 7200, atLeast: 10 },
      groupBy: ['client.ip'],
    });
  });

  test.each([
    [
      'type: event_count\nrules: nothing\ntimespan: 5m\ncondition: { gte: 1 }',
      /^line 5: there is no rule "nothing" in this file/,
    ],
    ['type: event_count\nrules: b\ntimespan: 5m', /expected how many: gte/],
    ['type: value_sum\nrules: b\ntimespan: 5m\ncondition: { field: user.name, gte: 1 }', /cannot be added up/],
    ['type: temporal\nrules: b\ntimespan: 5m', /at least two rules/],
    [
      'type: event_count\nrules: b\ntimespan: 5m\ngroup-by: [nobody]\ncondition: { gte: 1 }',
      /there is no field "nobody"/,
    ],
    ['type: event_count\nrules: b\ntimespan: 5m\ncondition: { lt: 1 }', /lt/],
  ])('%#', (lines, message) => {
    expect(() => read(correlation(lines))).toThrow(message);
  });

  test('two rules in one file are refused by their titles', () => {
    expect(() => read(`${base}${base.replaceAll('b\n', 'b2\n')}`)).toThrow(
      /one file holds one rule; these are several: "b", "b2"/,
    );
  });
});

test('an empty list switches the rule off and says which; an exception with one is no exception', () => {
  const detection = 'selection: { user.name|expand: "%application_accounts%" }\ncondition: selection';
  expect(read(source(detection)).problem).toBe(
    'it needs the list "application_accounts" (rules.lists.application_accounts), which is empty',
  );
  const { rule, problem } = read(
    source(
      'selection: { user.name: app }\ncondition: selection',
      'dbaudit:\n  exceptions: [{ user.name|expand: "%backup_accounts%" }]',
    ),
  );
  expect(problem).toBeUndefined();
  expect(compileMatcher(rule.filter)(auditEvent())).toBe(true);
});

test('a rule on a calendar needs the calendar', () => {
  const { problem } = read(source('selection: { dbaudit.traits: off-hours }\ncondition: selection'));
  expect(problem).toMatch(/the calendar "working_hours"/);
});
