import { Command, InvalidArgumentError, Option } from 'commander';
import { UserError } from '../../contract/user-error.ts';
import type { AlertChange } from '../collector-client/alerts.ts';
import { LEVELS } from '../collector-client/levels.ts';
import type { CommandContext } from '../context.ts';
import { parseDuration } from '../duration.ts';
import { parseCount } from '../events/display-options.ts';

const STATES = ['firing', 'acknowledged', 'resolved'] as const;

interface ListOptions {
  readonly state?: readonly (typeof STATES)[number][];
  readonly level?: readonly (typeof LEVELS)[number][];
  readonly rule?: string;
  readonly limit: number;
  readonly output: 'table' | 'json' | 'yaml';
}

interface SilenceOptions {
  readonly for: number;
  readonly reason: string;
  readonly rule?: readonly string[];
  readonly group?: Readonly<Record<string, string>>;
}

/** `kubectl dbaudit alert list|show|ack|…`: what the rules found. */
export function buildAlert(context: CommandContext): Command {
  // Loaded when they are needed, so that completion need not wait for them.
  const alerts = () => import('../collector-client/alerts.ts');
  const outputOption = () =>
    new Option('-o, --output <format>', 'how to print it').choices(['table', 'json', 'yaml']).default('table');
  const change = (name: string, what: AlertChange['what'], summary: string) =>
    new Command(name)
      .summary(summary)
      .description(`${summary.charAt(0).toUpperCase()}${summary.slice(1)}. It goes on record with your name.`)
      .argument('<alert>', 'its id')
      .option('--text <text>', 'why')
      .action(async (id: string, { text }: { readonly text?: string }) =>
        (await alerts()).changeAlert(context, id, { what, ...(text === undefined ? {} : { text }) }),
      );
  return new Command('alert')
    .description('Show alerts, and say what becomes of them.')
    .helpCommand(false)
    .addCommand(
      new Command('list')
        .summary('list alerts')
        .description('List alerts, without --state those that are not resolved.')
        .addOption(new Option('--state <states>', `${STATES.join(', ')}, or all`).argParser(listOf(STATES)))
        .addOption(new Option('--level <levels>', `${LEVELS.join(', ')}, or all`).argParser(listOf(LEVELS)))
        .option('--rule <rule>', 'of this rule')
        .addOption(new Option('--limit <count>', 'show so many').argParser(parseCount).default(200))
        .addOption(outputOption())
        .action(async ({ state, level, rule, limit, output }: ListOptions) => {
          const selection = { states: state ?? ['firing', 'acknowledged'], levels: level, rule, limit } as const;
          await (await alerts()).listAlerts(context, selection, output);
        }),
    )
    .addCommand(
      new Command('show')
        .summary('show all of an alert')
        .description('Show what is known of an alert, and what became of it.')
        .argument('<alert>', 'its id')
        .addOption(outputOption())
        .action(async (id: string, { output }: Pick<ListOptions, 'output'>) =>
          (await alerts()).showAlert(context, id, output),
        ),
    )
    .addCommand(change('ack', 'acknowledge', 'say that somebody looks after it'))
    .addCommand(change('resolve', 'resolve', 'say that it is over'))
    .addCommand(
      new Command('assign')
        .summary('say who looks after it')
        .description('Say who looks after it. It goes on record with your name.')
        .argument('<alert>', 'its id')
        .argument('<name>', 'who')
        .action(async (id: string, assignee: string) =>
          (await alerts()).changeAlert(context, id, { what: 'assign', assignee }),
        ),
    )
    .addCommand(
      new Command('comment')
        .summary('add a word to it')
        .description('Add a word to an alert. It goes on record with your name.')
        .argument('<alert>', 'its id')
        .argument('<text>', 'what to add')
        .action(async (id: string, text: string) =>
          (await alerts()).changeAlert(context, id, { what: 'comment', text }),
        ),
    )
    .addCommand(buildSilence(context))
    .addCommand(
      new Command('silences')
        .summary('list silences')
        .description('List the silences that hold.')
        .addOption(outputOption())
        .action(async ({ output }: Pick<ListOptions, 'output'>) => (await alerts()).listSilences(context, output)),
    )
    .addCommand(
      new Command('unsilence')
        .summary('end a silence')
        .description('End a silence before its time.')
        .argument('<silence>', 'its id, as `alert silences` shows it')
        .action(async (id: string) => (await alerts()).unsilence(context, id)),
    );
}

function buildSilence(context: CommandContext): Command {
  return new Command('silence')
    .summary('tell nobody of such alerts for a while')
    .description(
      'Tell nobody of alerts like this one (same rule, same group), or of those that --rule and --group name. They are raised and kept all the same.',
    )
    .argument('[alert]', 'its id')
    .addOption(new Option('--for <duration>', 'how long: 2h, 7d').argParser(parseDuration).makeOptionMandatory())
    .requiredOption('--reason <text>', 'why; it goes on record with your name')
    .option('--rule <rule>', 'of this rule; may be repeated', (rule: string, rules: readonly string[] = []) => [
      ...rules,
      rule,
    ])
    .addOption(new Option('--group <field=value>', 'whose group has this; may be repeated').argParser(parsePair))
    .action(async (alert: string | undefined, options: SilenceOptions) => {
      const { for: millis, reason, rule: rules, group } = options;
      const named = rules !== undefined || group !== undefined;
      if ((alert !== undefined) === named) {
        throw new UserError(
          'DBA1004',
          alert === undefined ? 'nothing says what to be silent about' : 'an alert says rule and group itself',
          'Give the id of an alert, or --rule and --group.',
        );
      }
      const { silence } = await import('../collector-client/alerts.ts');
      await silence(context, {
        ...(alert === undefined ? {} : { alert }),
        ...(rules === undefined ? {} : { rules }),
        ...(group === undefined ? {} : { group }),
        until: Date.now() + millis,
        reason,
      });
    });
}

/** `a,b`, or `all`. */
function listOf<Word extends string>(known: readonly Word[]): (text: string) => readonly Word[] {
  return (text) => {
    if (text === 'all') return known;
    return text.split(',').map((item) => {
      const word = known.find((word) => word === item.trim());
      if (word === undefined) throw new InvalidArgumentError(`There are ${known.join(', ')} and all.`);
      return word;
    });
  };
}

function parsePair(text: string, pairs: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('FIELD=VALUE is expected, such as user.name=root.');
  return { ...pairs, [text.slice(0, at)]: text.slice(at + 1) };
}
