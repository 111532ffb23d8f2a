import { setTimeout as sleep } from 'node:timers/promises';
import { Command, Option } from 'commander';
import { collectorChecks } from '../checks/collector-checks.ts';
import { injectionChecks, injectorChoiceChecks } from '../checks/injection-checks.ts';
import { installChecks } from '../checks/install-checks.ts';
import { kubernetesChecks } from '../checks/kubernetes-checks.ts';
import { type Check, runCheck } from '../checks/result.ts';
import type { CommandContext } from '../context.ts';
import { parseDuration } from '../duration.ts';
import { collectorState } from '../installation/collector-state.ts';
import type { CheckCategory, CheckDocument, CheckResult } from '../output/schemas/check.ts';
import type { Screen } from '../output/screen.ts';
import { OUTPUT_API_VERSION, printDocument } from '../output/structured.ts';

const POLL_MILLIS = 2_000;

interface Options {
  readonly pre?: true;
  readonly wait: number;
  readonly output: 'table' | 'short' | 'json' | 'yaml';
}

/** `kubectl dbaudit check`: what is so, what is not, and what helps. */
export function buildCheck(context: CommandContext): Command {
  return new Command('check')
    .description(
      'Test whether dbaudit works in the cluster, or with --pre whether it can be installed. Ends with 0 where no test failed, warnings or not; with 1 where one did; with 2 where the cluster cannot be asked.',
    )
    .option('--pre', 'test before installing')
    .option('--wait <duration>', 'try again for so long while a test fails', parseDuration, 0)
    .addOption(
      new Option('-o, --output <format>', 'short: only what is not right')
        .choices(['table', 'short', 'json', 'yaml'])
        .default('table'),
    )
    .action((options: Options) => check(context, options));
}

async function check(context: CommandContext, options: Options): Promise<void> {
  const { screen, signal } = context;
  const deadline = Date.now() + options.wait;
  const document = await screen.progress('checking', async (update) => {
    for (;;) {
      const found = await runAll(context, options.pre === true, update);
      if (found.success || Date.now() >= deadline) return found;
      await sleep(POLL_MILLIS, undefined, { signal });
    }
  });
  if (options.output === 'json' || options.output === 'yaml') printDocument(screen, options.output, document);
  else printCategories(screen, document, options.output === 'short');
  if (!document.success) context.exitCode = 1;
}

async function runAll(context: CommandContext, pre: boolean, update: (state: string) => void): Promise<CheckDocument> {
  const cluster = await context.cluster();
  await cluster.version(); // a cluster that cannot be asked is no finding
  const namespace = await context.ownNamespace();
  const groups: readonly (readonly [string, readonly Check[]])[] = pre
    ? [
        ['kubernetes', kubernetesChecks(cluster)],
        ['installation', installChecks(cluster, namespace)],
        ['injection', injectorChoiceChecks(cluster)],
      ]
    : [
        ['kubernetes', kubernetesChecks(cluster)],
        ['injection', injectionChecks(cluster, namespace)],
        ...((await collectorState(cluster, namespace)) === undefined
          ? []
          : [['collector', collectorChecks(context, cluster, namespace)] as const]),
      ];
  const categories: CheckCategory[] = [];
  for (const [category, checks] of groups) {
    const results: CheckResult[] = [];
    for (const check of checks) {
      update(check.description);
      const result = await runCheck(check);
      results.push(result);
      if (check.essential === true && result.result === 'error') break;
    }
    categories.push({ category, checks: results });
  }
  const success = categories.every(({ checks }) => checks.every(({ result }) => result !== 'error'));
  return { apiVersion: OUTPUT_API_VERSION, kind: 'Check', success, categories };
}

function printCategories(screen: Screen, { categories, success }: CheckDocument, short: boolean): void {
  const signs = {
    success: screen.paint('green', '√'),
    warning: screen.paint('yellow', '‼'),
    error: screen.paint('red', '×'),
    skipped: screen.paint('dim', '-'),
  };
  for (const { category, checks } of categories) {
    const shown = checks.filter(({ result }) => !short || result === 'warning' || result === 'error');
    if (shown.length === 0) continue;
    screen.print(category);
    screen.print('-'.repeat(category.length));
    for (const { description, result, code, details, hint } of shown) {
      screen.print(`${signs[result]} ${description}${code === undefined ? '' : `   ${code}`}`);
      for (const detail of details) screen.print(`    ${detail}`);
      if (hint !== undefined) screen.print(`    ${screen.paint('dim', hint)}`);
    }
    screen.print('');
  }
  const counts = (['error', 'warning', 'skipped'] as const).flatMap((result) => {
    const count = categories.flatMap(({ checks }) => checks).filter((check) => check.result === result).length;
    return count === 0 ? [] : [`${count} ${result}${count > 1 && result !== 'skipped' ? 's' : ''}`];
  });
  const summary = counts.length === 0 ? '' : ` (${counts.join(', ')})`;
  screen.print(`Status check results are ${success ? signs.success : signs.error}${summary}`);
}
