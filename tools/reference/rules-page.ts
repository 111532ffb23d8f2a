import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EVENT_TRAITS } from '../../collector/rules/event-traits.ts';
import { LISTS, type RuleLists } from '../../collector/rules/lists.ts';
import type { Rule, Window } from '../../collector/rules/rule.ts';
import { readRule } from '../../collector/rules/sigma/rule-of.ts';

const DIRECTORY = join(import.meta.dirname, '../../collector/rules/builtin');
const LEVELS = ['critical', 'high', 'medium', 'low', 'informational'];
/** As if all were configured, so that no rule is left out. */
const EVERY_LIST: RuleLists = {
  values: () => ['10.0.0.0/8'],
  calendar: () => ({ timeZone: 'UTC', days: [1], from: 0, to: 1 }),
};

/** docs/reference/rules.md, from the built-in rules. */
export function rulesPage(): string {
  const rules = readdirSync(DIRECTORY)
    .toSorted()
    .map((name) => readRule(readFileSync(join(DIRECTORY, name), 'utf8'), 'builtin', EVERY_LIST).rule);
  return `<!-- Generated from collector/rules by tools/generate-reference.ts. -->

# Built-in rules

How they work, and how to write one: [rules.md](../rules.md). Each is a file in \`collector/rules/builtin\` with examples that it must find and examples that it must not.

${LEVELS.map((level) =>
  section(
    level,
    rules.filter((rule) => rule.level === level),
  ),
).join('\n\n')}

## Lists

What the rules name as \`%list%\`. Configure them under \`rules.lists\`; a rule that needs one that is empty is not evaluated, and says so.

| list | meaning | without configuration |
| --- | --- | --- |
${Object.entries(LISTS)
  .map(
    ([name, { meaning, values }]) =>
      `| \`${name}\` | ${meaning} | ${values.map((value) => `\`${value}\``).join(' ') || 'empty'} |`,
  )
  .join('\n')}

## Traits

What the collector itself notes on events of databases, in \`dbaudit.traits\`.

| trait | meaning |
| --- | --- |
${Object.entries(EVENT_TRAITS)
  .map(([name, meaning]) => `| \`${name}\` | ${meaning} |`)
  .join('\n')}
`;
}

function section(level: string, rules: readonly Rule[]): string {
  const rows = rules.map(
    ({ id, description, window, falsePositives }) =>
      `| \`${id}\` | ${cell(description)} | ${window === undefined ? 'each event' : measure(window)} | ${cell(falsePositives.join('; '))} |`,
  );
  return `## ${level} (${rules.length})\n\n| rule | what it finds | counts | what else it finds |\n| --- | --- | --- | --- |\n${rows.join('\n')}`;
}

function measure(window: Window): string {
  const time = `${window.timespanSeconds} s`;
  switch (window.kind) {
    case 'count':
      return `${window.atLeast} events in ${time}`;
    case 'sum':
      return `${window.atLeast} of \`${window.field}\` in ${time}`;
    case 'distinct':
      return `${window.atLeast} different \`${window.field}\` in ${time}`;
    case 'temporal':
      return `${window.steps.map(({ rule }) => rule).join(window.ordered ? ', then ' : ' and ')} in ${time}`;
  }
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}
