import { setTimeout as sleep } from 'node:timers/promises';
import { Command, Option } from 'commander';
import type { Code } from '../../contract/codes.ts';
import { UserError } from '../../contract/user-error.ts';
import type { CommandContext } from '../context.ts';
import { formatAge, parseDuration } from '../duration.ts';
import { readStatus } from '../installation/status.ts';
import type { Status, StatusCollector, StatusInjector } from '../output/schemas/status.ts';
import type { Screen } from '../output/screen.ts';
import { printDocument } from '../output/structured.ts';
import { formatTable } from '../output/table.ts';

const FIVE_MINUTES = 300_000;
const POLL_MILLIS = 1_000;

/** Pods made before, or by another version: no waiting helps them. */
const ABOUT_PODS: readonly string[] = ['DBA2009', 'DBA3006'] satisfies Code[];

interface Options {
  readonly wait?: true;
  readonly timeout: number;
  readonly output: 'summary' | 'wide' | 'json' | 'yaml';
}

/** `kubectl dbaudit status`: the injector, and how many of the pods that ask for it are captured. */
export function buildStatus(context: CommandContext): Command {
  return new Command('status')
    .description(
      'Show the injector, its certificate, the collector and how many pods are captured. Ends with 1 where something is wrong.',
    )
    .option('--wait', 'wait until pods that ask for it get an agent')
    .option('--timeout <duration>', 'how long to wait', parseDuration, FIVE_MINUTES)
    .addOption(
      new Option('-o, --output <format>', 'how to print it')
        .choices(['summary', 'wide', 'json', 'yaml'])
        .default('summary'),
    )
    .action(async (options: Options) => {
      const { screen } = context;
      const status = options.wait === true ? await waitForHealth(context, options) : await readStatus(context);
      if (options.output === 'json' || options.output === 'yaml') printDocument(screen, options.output, status);
      else printSummary(screen, status, options.output === 'wide');
      if (status.problems.length > 0) context.exitCode = 1;
    });
}

function waitForHealth(context: CommandContext, { timeout }: Options): Promise<Status> {
  const deadline = Date.now() + timeout;
  return context.screen.progress('waiting for dbaudit', async (update) => {
    for (;;) {
      const status = await readStatus(context);
      const first = status.problems.find(({ code }) => !ABOUT_PODS.includes(code));
      if (first === undefined) return status;
      if (status.version === undefined) {
        throw new UserError('DBA1105', 'dbaudit is not installed', '`kubectl dbaudit install` installs it.');
      }
      if (Date.now() >= deadline) return status;
      update(first.message);
      await sleep(POLL_MILLIS, undefined, { signal: context.signal });
    }
  });
}

function printSummary(screen: Screen, status: Status, wide: boolean): void {
  const { injectors, pods, sinks, collector, problems, version } = status;
  const share = pods.selected === 0 ? '' : ` (${((100 * pods.captured) / pods.selected).toFixed(1)} %)`;
  const rows: [string, string][] = [
    ['Context', status.context],
    ['Installed', version === undefined ? 'no' : `${version} in ${status.namespace}`],
    ...injectors.map((injector): [string, string] => ['Injector', describe(screen, injector)]),
    ...injectors.flatMap(certificateRow),
    [
      'Pods',
      `${pods.captured} of ${pods.selected} captured${share}${pods.skipped > 0 ? `, ${pods.skipped} skipped` : ''}`,
    ],
    ...(collector === undefined
      ? []
      : [['Collector', describeCollector(screen, collector)] satisfies [string, string]]),
    ...(sinks === undefined ? [] : [['Sinks', sinks.map(describeSink).join(', ')] satisfies [string, string]]),
    ...(Object.keys(pods.versions).length > 0 ? [['Agents', agents(pods.versions)] satisfies [string, string]] : []),
  ];
  for (const [name, text] of rows) screen.print(`${screen.paint('bold', name.padEnd(11))} ${text}`);
  if (wide) printPods(screen, injectors);
  for (const { code, message, hint } of problems) {
    screen.print(`${screen.paint('yellow', '‼')} ${message}   ${code}`);
    screen.print(`    ${screen.paint('dim', hint)}`);
  }
}

function printPods(screen: Screen, injectors: readonly StatusInjector[]): void {
  const pods = injectors.flatMap((injector) => injector.pods);
  if (pods.length === 0) return;
  type Pod = (typeof pods)[number];
  const columns = [
    { heading: 'INJECTOR POD', mayShrink: true, cell: ({ name }: Pod) => name },
    { heading: 'NODE', mayShrink: true, cell: ({ node }: Pod) => node },
    { heading: 'READY', cell: ({ ready }: Pod) => (ready ? 'yes' : screen.paint('red', 'no')) },
    { heading: 'RESTARTS', align: 'right' as const, cell: ({ restarts }: Pod) => String(restarts) },
    { heading: 'CERTIFICATE ENDS', cell: ({ certificateExpires }: Pod) => certificateExpires ?? '-' },
  ];
  screen.print('');
  for (const line of formatTable(columns, pods, { width: screen.width })) screen.print(line);
  screen.print('');
}

function describe(screen: Screen, { kind, replicas, trouble, image }: StatusInjector): string {
  const counted = replicas === undefined ? '' : `, ${replicas.available} of ${replicas.wanted} available`;
  const state = trouble === undefined ? screen.paint('green', 'OK') : screen.paint('red', trouble);
  return `${kind}${counted}: ${state}${image === undefined || image === '' ? '' : `   ${image}`}`;
}

function describeSink({ name, place }: NonNullable<Status['sinks']>[number]): string {
  return name === 'stdout' ? name : `${name} (${place})`;
}

function describeCollector(screen: Screen, collector: StatusCollector): string {
  const { ready, storage, events, oldest, perSecond } = collector;
  const state = ready ? screen.paint('green', 'OK') : screen.paint('red', 'not ready');
  const kept = events === undefined ? [] : [`${events} events`];
  const since = oldest === undefined ? [] : [`the oldest ${formatAge(Date.now() - Date.parse(oldest))} old`];
  const rate = perSecond === undefined ? [] : [`${perSecond.toFixed(1)}/s`];
  const volume = storage === undefined ? 'no volume: gone with its pod' : `${storage} volume`;
  return `${state}   ${[...kept, ...since, ...rate, volume].join(', ')}`;
}

function certificateRow({ pods }: StatusInjector): [string, string][] {
  const ends = pods.flatMap(({ certificateExpires }) => certificateExpires ?? []).sort();
  const [first] = ends;
  if (first === undefined) return [];
  return [['Certificate', `ends in ${formatAge(new Date(first).getTime() - Date.now())}`]];
}

function agents(versions: Status['pods']['versions']): string {
  return Object.entries(versions)
    .map(([version, count]) => `${count} of version ${version}`)
    .join(', ');
}
