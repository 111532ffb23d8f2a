import { Command, Option } from 'commander';
import type { CommandContext } from '../context.ts';
import { parseCount } from '../events/display-options.ts';

const DEFAULT_LIMIT = 1_000;

interface Options {
  readonly limit: number;
  readonly output: 'table' | 'csv' | 'json' | 'yaml';
}

/** `kubectl dbaudit query "select …"`: SQL over what the collector keeps. */
export function buildQuery(context: CommandContext): Command {
  return new Command('query')
    .description(
      'Ask the collector in SQL (DuckDB’s): one SELECT over the view `events`, whose columns docs/reference/events-view.md lists. It is read-only, bounded in time and memory, shows what you may see, and goes on record.',
    )
    .argument('<select>', 'the statement')
    .addOption(new Option('--limit <count>', 'show so many rows').argParser(parseCount).default(DEFAULT_LIMIT))
    .addOption(
      new Option('-o, --output <format>', 'how to print it').choices(['table', 'csv', 'json', 'yaml']).default('table'),
    )
    .addHelpText('after', EXAMPLES)
    .action(async (sql: string, options: Options) => {
      // Loaded here, so that completion need not wait for it.
      const { query } = await import('../collector-client/query.ts');
      await query({ sql, ...options }, context);
    });
}

const EXAMPLES = `
Examples:
  kubectl dbaudit query 'select "user", count(*) from events where time > now() - interval 1 day group by 1 order by 2 desc'
  kubectl dbaudit query "select date_trunc('hour', time), max(duration_ns) / 1e6 from events group by 1" -o csv`;
