import { Command, Option } from 'commander';
import type { ReportFormat } from '../collector-client/reports.ts';
import { addRangeOptions, type RangeOptions, rangeOf } from '../collector-client/time-range.ts';
import type { CommandContext } from '../context.ts';

const DAY_MILLIS = 86_400_000;
const FORMATS = ['html', 'pdf', 'csv'] as const satisfies readonly ReportFormat[];

interface FileOptions {
  readonly format: ReportFormat;
  readonly file?: string;
}

interface MakeOptions extends FileOptions, RangeOptions {
  readonly language: 'en' | 'zh';
}

/** `kubectl dbaudit report list|make|get`: what happened in a time, to keep and to hand on. */
export function buildReport(context: CommandContext): Command {
  return new Command('report')
    .description('Have reports made of what the collector keeps, and fetch them.')
    .helpCommand(false)
    .addCommand(
      new Command('list')
        .summary('list the kinds of reports, and those that were made')
        .description('List the kinds of reports, and those that were made.')
        .addOption(
          new Option('-o, --output <format>', 'how to print it').choices(['table', 'json', 'yaml']).default('table'),
        )
        .action(async ({ output }: { readonly output: 'table' | 'json' | 'yaml' }) => {
          const { listReports } = await import('../collector-client/reports.ts');
          await listReports(context, output);
        }),
    )
    .addCommand(
      addFileOptions(
        addRangeOptions(
          new Command('make')
            .summary('make a report')
            .description('Make a report, of the last day unless --since says otherwise, and write it to a file.')
            .argument('<kind>', 'as `report list` names it'),
          '24h',
        ).addOption(new Option('--language <language>', 'what it is written in').choices(['en', 'zh']).default('en')),
      ).action(async (kind: string, { format, file, language, ...times }: MakeOptions) => {
        const { makeReport } = await import('../collector-client/reports.ts');
        const range = rangeOf(times, DAY_MILLIS);
        await makeReport(context, { kind, range, language, format, ...(file === undefined ? {} : { file }) });
      }),
    )
    .addCommand(
      addFileOptions(
        new Command('get')
          .summary('fetch a report that was made')
          .description('Write a report that was made to a file.')
          .argument('<report>', 'its id, as `report list` shows it'),
      ).action(async (id: string, file: FileOptions) => {
        const { getReport } = await import('../collector-client/reports.ts');
        await getReport(context, id, file);
      }),
    );
}

function addFileOptions(command: Command): Command {
  return command
    .addOption(new Option('--format <format>', 'how it is written').choices(FORMATS).default('html'))
    .option('--file <file>', 'where to; - is standard output (default: dbaudit-ID.FORMAT here)');
}
