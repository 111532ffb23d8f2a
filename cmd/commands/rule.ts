import { Command, Option } from 'commander';
import type { RuleMode } from '../collector-client/rules.ts';
import { addRangeOptions, type RangeOptions, rangeOf } from '../collector-client/time-range.ts';
import type { CommandContext } from '../context.ts';
import { parseCount } from '../events/display-options.ts';

const WEEK_MILLIS = 7 * 86_400_000;

interface TestOptions extends RangeOptions {
  readonly limit: number;
  readonly output: 'table' | 'json' | 'yaml';
}

/** `kubectl dbaudit rule list|show|test|enable|observe|disable|add|remove`: what raises alerts. */
export function buildRule(context: CommandContext): Command {
  // Loaded when they are needed, so that completion need not wait for them.
  const rules = () => import('../collector-client/rules.ts');
  const change = (name: string, mode: RuleMode, summary: string) =>
    new Command(name)
      .summary(summary)
      .description(`${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`)
      .argument('<rule>', 'its name, as `rule list` shows it')
      .action(async (id: string) => (await rules()).changeRule(context, id, mode));
  return new Command('rule')
    .description('Show, test and change the collector’s rules: what raises alerts. They are Sigma files.')
    .helpCommand(false)
    .addCommand(
      new Command('list')
        .summary('list the rules')
        .description('List the rules, their mode, and what they detected since the collector started.')
        .addOption(outputOption('table'))
        .action(async ({ output }: Pick<TestOptions, 'output'>) => (await rules()).listRules(context, output)),
    )
    .addCommand(
      new Command('show')
        .summary('print a rule')
        .description('Print a rule’s own text, or all that is known of it.')
        .argument('<rule>', 'its name, as `rule list` shows it')
        .addOption(
          new Option('-o, --output <format>', 'how to print it').choices(['source', 'json', 'yaml']).default('source'),
        )
        .action(async (id: string, { output }: { readonly output: 'source' | 'json' | 'yaml' }) =>
          (await rules()).showRule(context, id, output),
        ),
    )
    .addCommand(buildTest(context))
    .addCommand(change('enable', 'on', 'have a rule raise alerts'))
    .addCommand(change('observe', 'observe', 'have a rule counted, without alerts'))
    .addCommand(change('disable', 'off', 'have a rule passed over'))
    .addCommand(
      new Command('add')
        .summary('add a rule, or replace it')
        .description(
          'Add the rule of a file, or replace your own one of the same name. `rule test FILE` tries it before.',
        )
        .argument('<file>', 'YAML; - is standard input')
        .action(async (file: string) => (await rules()).addRule(context, file)),
    )
    .addCommand(
      new Command('remove')
        .summary('remove a rule that was added')
        .description('Remove a rule that was added. Built-in ones can be disabled alone.')
        .argument('<rule>', 'its name, as `rule list` shows it')
        .action(async (id: string) => (await rules()).removeRule(context, id)),
    );
}

function buildTest(context: CommandContext): Command {
  const command = new Command('test')
    .summary('show what a rule would have detected')
    .description(
      'Show what a rule, known or in a file, would have detected in what the collector keeps. Nobody is alerted.',
    )
    .argument('<rule>', 'a rule’s name, or a file: ./rule.yml; - is standard input');
  return addRangeOptions(command, '7d')
    .addOption(new Option('--limit <count>', 'show so many').argParser(parseCount).default(100))
    .addOption(outputOption('table'))
    .action(async (rule: string, { limit, output, ...times }: TestOptions) => {
      const { testRule } = await import('../collector-client/rules.ts');
      await testRule(context, { rule, limit, output, range: rangeOf(times, WEEK_MILLIS) });
    });
}

function outputOption(standard: 'table'): Option {
  return new Option('-o, --output <format>', 'how to print it').choices([standard, 'json', 'yaml']).default(standard);
}
