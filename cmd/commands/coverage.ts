import { Command, InvalidArgumentError, Option } from 'commander';
import type { CommandContext } from '../context.ts';
import type { CoverageOptions } from '../coverage/report-coverage.ts';
import { parseDuration } from '../duration.ts';

/** `kubectl dbaudit coverage`: which pods are captured, and why others are not; has them made anew with `--repair`. */
export function buildCoverage(context: CommandContext): Command {
  return new Command('coverage')
    .description(
      'Show for each workload that is to be captured how many of its pods are, what their agents see, and why others ' +
        'are not captured.',
    )
    .argument('[type]', 'only workloads of this type, or types: deploy,sts')
    .option('-A, --all-namespaces', 'in all namespaces')
    .option('-l, --selector <selector>', 'only pods with these labels; workloads without pods are left out')
    .addOption(new Option('--only <which>', 'leave out workloads that are fully captured').choices(['uncovered']))
    .addOption(new Option('--min <percent>', 'exit with 1 where fewer pods are captured').argParser(parsePercent))
    .option('--repair', 'evict uncovered pods one after the other, so that their controllers make them anew')
    .addOption(
      new Option(
        '--timeout <duration>',
        'with --repair, for each pod: until it may be evicted, and until its replacement is captured',
      )
        .argParser(parseDuration)
        .default(300_000, '5m'),
    )
    .addOption(
      new Option('-o, --output <format>', 'how to print it')
        .choices(['table', 'wide', 'json', 'csv', 'yaml'])
        .default('table'),
    )
    .action(async (type: string | undefined, options: CoverageOptions) => {
      // Loaded here, so that completion need not wait for it.
      const { reportCoverage } = await import('../coverage/report-coverage.ts');
      await reportCoverage(context, type, options);
    });
}

function parsePercent(text: string): number {
  const percent = Number(text.replace(/%$/, ''));
  if (text === '' || !(percent >= 0 && percent <= 100)) {
    throw new InvalidArgumentError('A percentage from 0 to 100 is expected.');
  }
  return percent;
}
