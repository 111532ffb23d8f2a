import { Command, Option } from 'commander';
import { UserError } from '../../contract/user-error.ts';
import type { CommandContext } from '../context.ts';

interface Options {
  readonly filename?: readonly string[];
  readonly useKube: boolean;
  readonly allNamespaces?: boolean;
  readonly output: 'table' | 'json' | 'yaml';
}

/** `kubectl dbaudit analyze`: what keeps pods from being captured, in a cluster or in files. */
export function buildAnalyze(context: CommandContext): Command {
  return new Command('analyze')
    .description(
      'Find out what keeps pods from being captured: of all workloads in the namespace, of those named, or of manifests ' +
        'before they are applied. Exits with 0 where nothing is found, 1 where something is, 2 where it could not look.',
    )
    .argument('[target...]', 'TYPE/NAME..., or TYPE for all of it')
    .option('-A, --all-namespaces', 'in all namespaces')
    .option('-f, --filename <path...>', 'manifests instead, as they would be in the cluster; - is standard input')
    .addOption(
      new Option('--use-kube [boolean]', 'false: look at the files alone, with dbaudit’s defaults')
        .default(true)
        .argParser((text) => text !== 'false'),
    )
    .addOption(
      new Option('-o, --output <format>', 'how to print it').choices(['table', 'json', 'yaml']).default('table'),
    )
    .action(async (words: readonly string[], { filename = [], allNamespaces = false, ...options }: Options) => {
      if (filename.length > 0 && (words.length > 0 || allNamespaces)) {
        throw new UserError('DBA1004', 'files cannot be given together with names or -A', 'Give one or the other.');
      }
      if (!options.useKube && filename.length === 0) {
        throw new UserError('DBA1004', '--use-kube=false leaves nothing to look at', 'Name files with -f.');
      }
      // Loaded here, so that completion need not wait for it.
      const { reportAnalysis } = await import('../analysis/report-analysis.ts');
      await reportAnalysis(context, words, { ...options, filename, allNamespaces });
    });
}
