import { Argument, Command, Option } from 'commander';
import type { CommandContext } from '../context.ts';
import { parseDuration } from '../duration.ts';
import { parseCount } from '../events/display-options.ts';
import { describeFilter } from '../events/filter.ts';
import { addFilterOptions } from '../events/filter-options.ts';
import { GROUPINGS, type Grouping } from '../top/groups.ts';
import { MEASURES, type Measure } from '../top/totals.ts';

const DEFAULT_WINDOW_MILLIS = 60_000;

interface TopOptions {
  readonly by: Measure;
  readonly window: number;
  readonly limit: number;
  readonly watch?: true;
  readonly output: 'table' | 'json';
  readonly selector?: string;
  readonly allNamespaces?: true;
  readonly maxPods: number;
  readonly printFilter?: true;
}

/** `kubectl dbaudit top statements|clients|tables|users`: what keeps databases busy. */
export function buildTop(context: CommandContext): Command {
  const command = new Command('top')
    .description(
      'Rank what databases were asked in the last minute. Statements that differ in their values alone count as one. ' +
        'What the agents of client and server both saw counts once.',
    )
    .addArgument(new Argument('<what>', 'what to rank').choices(GROUPINGS))
    .argument('[target]', 'a regular expression for the names of pods, or TYPE/NAME; otherwise all pods with an agent')
    .addOption(new Option('--by <measure>', 'latency: the average').choices(MEASURES).default('count'))
    .addOption(
      new Option('--window <duration>', 'the time that counts')
        .argParser(parseDuration)
        .default(DEFAULT_WINDOW_MILLIS, '1m'),
    )
    .addOption(new Option('--limit <count>', 'show so many').argParser(parseCount).default(20))
    .option('-w, --watch', 'go on, and show it anew every two seconds')
    .addOption(new Option('-o, --output <format>', 'how to print it').choices(['table', 'json']).default('table'))
    .optionsGroup('Pods (-n a,b names several namespaces):')
    .option('-l, --selector <selector>', 'pods with these labels')
    .option('-A, --all-namespaces', 'pods of all namespaces')
    .addOption(new Option('--max-pods <count>', 'read so many at a time').argParser(parseCount).default(50));
  const readTerms = addFilterOptions(command);
  return command.action(async (grouping: Grouping, target: string | undefined, options: TopOptions) => {
    const { by, window, watch = false, printFilter, ...rest } = options;
    const terms = readTerms();
    if (printFilter) {
      for (const line of describeFilter(terms)) context.screen.print(line);
      return;
    }
    // Loaded here, so that completion need not wait for it.
    const { top } = await import('../top/top.ts');
    await top({ ...rest, grouping, target, measure: by, windowMillis: window, watch, terms }, context);
  });
}
