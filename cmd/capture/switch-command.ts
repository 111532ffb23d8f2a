import { Command, Option } from 'commander';
import type { CommandContext } from '../context.ts';
import { parseDuration } from '../duration.ts';
import type { CaptureChange, CaptureChangeItem } from '../output/schemas/capture-change.ts';
import { OUTPUT_API_VERSION, printDocument } from '../output/structured.ts';
import { printable } from '../output/text-width.ts';
import type { Capture } from './selection.ts';
import type { SwitchOptions } from './switch-capture.ts';

interface Options {
  readonly selector?: string;
  readonly allNamespaces?: true;
  readonly all?: true;
  readonly restart: 'auto' | 'never';
  readonly wait: boolean;
  readonly timeout: number;
  readonly dryRun: 'none' | 'client' | 'server';
  readonly output: 'text' | 'name' | 'json' | 'yaml';
}

const TEXTS = {
  enabled: {
    name: 'enable',
    description:
      'Have workloads or namespaces captured. Pods get their agent when they are created, so workloads are restarted ' +
      'as their update strategy says; one whose new pods do not become ready is put back.',
  },
  disabled: {
    name: 'disable',
    description: 'End the capture of workloads or namespaces. Their pod templates are as they were before `enable`.',
  },
} as const;

/** The command that switches capture to `wanted`. */
export function buildSwitch(context: CommandContext, wanted: Capture): Command {
  const { name, description } = TEXTS[wanted];
  return new Command(name)
    .description(description)
    .argument('[target...]', 'TYPE/NAME..., TYPE NAME..., or namespace/NAME; types as kubectl takes them')
    .option(
      '-l, --selector <selector>',
      'all with these labels; without TYPE deployments, statefulsets, daemonsets and cronjobs',
    )
    .option('-A, --all-namespaces', 'with -l or --all: in all namespaces')
    .option('--all', 'all of the types named')
    .addOption(
      new Option('--restart <when>', 'never: leave running pods as they are')
        .choices(['auto', 'never'])
        .default('auto'),
    )
    .addOption(
      new Option('--wait [boolean]', 'watch each restart to its end and put back what fails; false: only begin it')
        .default(true)
        .argParser((text) => text !== 'false'),
    )
    .addOption(new Option('--timeout <duration>', 'for each workload').argParser(parseDuration).default(300_000, '5m'))
    .addOption(
      new Option('--dry-run <where>', 'client: say what would be done; server: let the API server check it')
        .choices(['none', 'client', 'server'])
        .default('none'),
    )
    .addOption(
      new Option('-o, --output <format>', 'how to print what was done')
        .choices(['text', 'name', 'json', 'yaml'])
        .default('text'),
    )
    .addHelpText(
      'after',
      `
Examples:
  kubectl dbaudit ${name} deploy/orders -n shop
  kubectl dbaudit ${name} namespace/shop
  kubectl dbaudit ${name} deploy,sts -l team=payments --dry-run=client`,
    )
    .action(async (words: readonly string[], options: Options) => {
      const { timeout, output, ...rest } = options;
      const request: SwitchOptions = { ...rest, words, wanted, timeoutMillis: timeout };
      // Loaded here, so that completion need not wait for it.
      const { switchCapture } = await import('./switch-capture.ts');
      const items = await switchCapture(request, {
        cluster: await context.cluster(),
        ownNamespace: await context.ownNamespace(),
        screen: context.screen,
        signal: context.signal,
        now: () => new Date(),
      });
      report(context, { wanted, output, dryRun: options.dryRun }, items);
      if (items.some(({ outcome }) => outcome !== 'changed' && outcome !== 'unchanged')) context.exitCode = 1;
    });
}

function report(
  { screen }: CommandContext,
  {
    wanted,
    output,
    dryRun,
  }: { readonly wanted: Capture; readonly output: Options['output']; readonly dryRun: Options['dryRun'] },
  items: readonly CaptureChangeItem[],
): void {
  if (output === 'json' || output === 'yaml') {
    const document: CaptureChange = {
      apiVersion: OUTPUT_API_VERSION,
      kind: 'CaptureChange',
      capture: wanted,
      dryRun,
      items: [...items],
    };
    printDocument(screen, output, document);
    return;
  }
  for (const item of items) {
    const name = `${item.kind.toLowerCase()}/${item.name}`;
    const changed = item.outcome === 'changed' || item.outcome === 'incomplete';
    if (output === 'name') {
      if (changed) screen.print(name);
    } else if (changed) {
      const trailer = dryRun === 'none' ? '' : dryRun === 'client' ? ' (dry run)' : ' (server dry run)';
      const detail = item.outcome === 'incomplete' || item.message === '' ? '' : `: ${item.message}`;
      screen.print(`${name} ${wanted}${detail}${trailer}`);
    } else if (item.outcome === 'unchanged') {
      screen.print(`${name} ${item.message}`);
    }
    if (item.outcome !== 'changed' && item.outcome !== 'unchanged') tellTrouble({ screen }, item, name);
  }
}

/** On standard error, in the form in which errors are told. */
function tellTrouble({ screen }: Pick<CommandContext, 'screen'>, item: CaptureChangeItem, name: string): void {
  const { code, message, outcome, reasons, namespace } = item;
  const where = namespace === undefined ? '' : ` -n ${namespace}`;
  if (outcome === 'not-started') {
    screen.say(`${name} ${message}`);
    return;
  }
  screen.say(`${screen.paint('red', code === undefined ? 'error' : `error ${code}`)}: ${name}: ${printable(message)}`);
  if (outcome === 'refused') {
    screen.say(`  next: ${reasons.join(' ')}`);
    return;
  }
  for (const reason of reasons) screen.say(`  ${printable(reason)}`);
  screen.say(`  next: \`kubectl dbaudit analyze ${name}${where}\` looks for the reason.`);
}
