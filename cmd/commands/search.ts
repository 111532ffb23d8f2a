import { Command, Option } from 'commander';
import { addRangeOptions, type RangeOptions, rangeOf } from '../collector-client/time-range.ts';
import type { CommandContext } from '../context.ts';
import { addDisplayOptions, type DisplayOptions, parseCount } from '../events/display-options.ts';
import { describeFilter } from '../events/filter.ts';
import { addFilterOptions } from '../events/filter-options.ts';

const DAY_MILLIS = 86_400_000;
const DEFAULT_LIMIT = 100;

interface Options extends DisplayOptions, RangeOptions {
  readonly allNamespaces?: true;
  readonly order: 'newest' | 'oldest';
  readonly limit: number;
  readonly cursor?: string;
  readonly printFilter?: true;
}

/** `kubectl dbaudit search [WORDS...]`: what the collector keeps. */
export function buildSearch(context: CommandContext): Command {
  const command = new Command('search')
    .description(
      'Search what the collector keeps: by words, by fields and by the filters of `tail`. What you may not see is left out.',
    )
    .argument('[words...]', 'words in statements, and conditions: field:value; see below')
    .option('-A, --all-namespaces', 'in all namespaces, and what belongs to none')
    .optionsGroup('Time:');
  addRangeOptions(command, '24h')
    .addOption(new Option('--order <order>', 'what comes first').choices(['newest', 'oldest']).default('newest'))
    .addOption(new Option('--limit <count>', 'show so many').argParser(parseCount).default(DEFAULT_LIMIT))
    .option('--cursor <cursor>', 'go on where an earlier search with the same words and times stopped');
  addDisplayOptions(command);
  const readTerms = addFilterOptions(command);
  return command.addHelpText('after', EXAMPLES).action(async (words: readonly string[], options: Options) => {
    const { allNamespaces, printFilter, since, until, ...rest } = options;
    const terms = readTerms();
    if (printFilter) {
      for (const line of describeFilter(terms)) context.screen.print(line);
      return;
    }
    const range = rangeOf(options, DAY_MILLIS);
    const namespaces = allNamespaces ? undefined : await chosenNamespaces(context);
    // Loaded here, so that completion need not wait for it.
    const { search } = await import('../collector-client/search.ts');
    await search({ ...rest, text: words.join(' '), terms, namespaces, range }, context);
  });
}

/** `-n a,b`, or the context's. */
export async function chosenNamespaces(context: CommandContext): Promise<readonly string[]> {
  return (await context.cluster()).namespace.split(',');
}

const EXAMPLES = `
Search language: all terms must hold. A word is looked for in statements, parameters, errors and tables; "words in
quotes" as they stand; NAME:VALUE in a field, NAME>5; -TERM is what must not hold; OR; ( ). docs/reference/events-view.md has the rest.

Examples:
  kubectl dbaudit search customers -n shop --since 7d
  kubectl dbaudit search -A -- user:root -op:select table:orders*
  kubectl dbaudit search --errors --from shop/orders-* -o wide
  kubectl dbaudit search -A --since 2026-11-20T00:00:00Z --until 2026-11-21T00:00:00Z -o json --limit 100000`;
