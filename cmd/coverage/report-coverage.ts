import { SYSTEM_CLOCK } from '../clock.ts';
import type { CommandContext } from '../context.ts';
import { requireInjector } from '../kubernetes/injectors.ts';
import { parseKinds } from '../kubernetes/workload-arguments.ts';
import type { Screen } from '../output/screen.ts';
import { printDocument } from '../output/structured.ts';
import { printable } from '../output/text-width.ts';
import { coverageDocument } from './coverage-document.ts';
import { formatCoverage, formatCsv, formatSummary } from './coverage-table.ts';
import { type RepairResult, repair } from './repair.ts';
import { survey } from './survey.ts';
import { coveredPercent, type WorkloadCoverage } from './workload-coverage.ts';

export interface CoverageOptions {
  readonly allNamespaces?: true;
  readonly selector?: string;
  readonly only?: 'uncovered';
  /** Percent. */
  readonly min?: number;
  readonly repair?: true;
  /** Milliseconds. */
  readonly timeout: number;
  readonly output: 'table' | 'wide' | 'json' | 'csv' | 'yaml';
}

/** Prints the coverage of what `type` and the options select, after it was repaired where that was asked for. */
export async function reportCoverage(
  context: CommandContext,
  type: string | undefined,
  options: CoverageOptions,
): Promise<void> {
  const { screen, signal } = context;
  const kinds = type === undefined ? undefined : parseKinds(type);
  const cluster = await context.cluster();
  const ownNamespace = await context.ownNamespace();
  const notes = new Set<string>();
  const look = () =>
    survey(cluster, {
      namespace: options.allNamespaces ? undefined : cluster.namespace,
      ...(options.selector === undefined ? {} : { labelSelector: options.selector }),
      ...(kinds === undefined ? {} : { kinds }),
      ownNamespace,
      note: (text) => {
        if (!notes.has(text)) screen.say(`note: ${text}.`);
        notes.add(text);
      },
    });
  let workloads = await screen.progress('looking at pods and agents', look);
  let repaired: readonly RepairResult[] | undefined;
  if (options.repair && workloads.some(({ uncovered }) => uncovered > 0)) {
    await requireInjector(cluster);
    repaired = await screen.progress('replacing uncovered pods', (update) =>
      repair(workloads, { cluster, clock: SYSTEM_CLOCK, signal, timeoutMillis: options.timeout, update }),
    );
    tellRepair(screen, repaired);
    workloads = await screen.progress('looking again', look);
  }
  print(screen, options, workloads, repaired);
  if (options.min !== undefined && coveredPercent(workloads) < options.min) context.exitCode = 1;
}

function tellRepair(screen: Screen, results: readonly RepairResult[]): void {
  for (const { namespace, workload, replaced, problem } of results) {
    const done = `${workload} -n ${namespace}: ${replaced} ${replaced === 1 ? 'pod' : 'pods'} replaced`;
    screen.say(problem === undefined ? done : `${done}; ${screen.paint('red', printable(problem))}`);
  }
}

function print(
  screen: Screen,
  { output, only, allNamespaces }: CoverageOptions,
  all: readonly WorkloadCoverage[],
  repaired: readonly RepairResult[] | undefined,
): void {
  const shown = only === 'uncovered' ? all.filter(({ uncovered }) => uncovered > 0) : all;
  const percent = coveredPercent(all);
  if (output === 'json' || output === 'yaml') {
    printDocument(screen, output, coverageDocument(shown, percent, repaired));
    return;
  }
  if (output === 'csv') {
    for (const line of formatCsv(shown)) screen.print(line);
    return;
  }
  if (all.length === 0) {
    screen.say('Nothing here is to be captured; `kubectl dbaudit enable` says what is.');
    return;
  }
  const { width } = screen;
  const table = { width, wide: output === 'wide', allNamespaces: allNamespaces === true, now: new Date() };
  if (shown.length > 0) for (const line of formatCoverage(shown, table)) screen.print(line);
  screen.say(formatSummary(all, percent));
}
