import { Command, Option } from 'commander';
import { addRangeOptions, type RangeOptions, rangeOf } from '../collector-client/time-range.ts';
import type { CommandContext } from '../context.ts';
import { addFilterOptions } from '../events/filter-options.ts';
import { chosenNamespaces } from './search.ts';

const DAY_MILLIS = 86_400_000;

interface Options extends RangeOptions {
  readonly allNamespaces?: true;
  readonly format: 'ndjson' | 'csv';
  readonly file: string;
}

/** `kubectl dbaudit export [WORDS...]`: all that a search finds, as NDJSON. */
export function buildExport(context: CommandContext): Command {
  const command = new Command('export')
    .description(
      'Write all events of a time that the collector keeps, oldest first: a line of JSON each, which `replay` reads, or CSV. It goes on record.',
    )
    .argument('[words...]', 'only what `search` would find by these')
    .option('-A, --all-namespaces', 'of all namespaces, and what belongs to none')
    .addOption(new Option('--format <format>', 'how they are written').choices(['ndjson', 'csv']).default('ndjson'))
    .option('--file <file>', '- is standard output', '-')
    .optionsGroup('Time:');
  addRangeOptions(command, '24h');
  const readTerms = addFilterOptions(command);
  return command.action(async (words: readonly string[], options: Options) => {
    const range = rangeOf(options, DAY_MILLIS);
    const namespaces = options.allNamespaces ? undefined : await chosenNamespaces(context);
    // Loaded here, so that completion need not wait for it.
    const { exportEvents } = await import('../collector-client/export.ts');
    const { format, file } = options;
    await exportEvents({ text: words.join(' '), terms: readTerms(), namespaces, range, format, file }, context);
  });
}
