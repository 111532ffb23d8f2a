import { Command, Option } from 'commander';
import type { CommandContext } from '../context.ts';
import { parseDuration } from '../duration.ts';
import { printDocument } from '../output/structured.ts';

const TWO_MINUTES = 120_000;

interface ListOptions {
  readonly allNamespaces?: true;
  readonly output: 'table' | 'json' | 'yaml';
}

interface TestOptions {
  readonly timeout: number;
  readonly output: 'text' | 'json' | 'yaml';
}

/** `kubectl dbaudit sink list|test`: where agents send events to, and whether they arrive. */
export function buildSink(context: CommandContext): Command {
  return new Command('sink')
    .description('Show where agents send events to, and test whether events arrive there.')
    .helpCommand(false)
    .addCommand(buildList(context))
    .addCommand(buildTest(context));
}

function buildList(context: CommandContext): Command {
  return new Command('list')
    .summary('show the sinks, and what running agents say of them')
    .description(
      'Show the sinks of the agents’ configuration, and how agents fare with each: those of the namespace, or of all with -A.',
    )
    .option('-A, --all-namespaces', 'ask the agents of all namespaces')
    .addOption(
      new Option('-o, --output <format>', 'how to print it').choices(['table', 'json', 'yaml']).default('table'),
    )
    .action((options: ListOptions) => list(context, options));
}

async function list(context: CommandContext, { allNamespaces, output }: ListOptions): Promise<void> {
  const { screen } = context;
  const cluster = await context.cluster();
  const ownNamespace = await context.ownNamespace();
  // Loaded here, so that completion need not wait for it.
  const { listSinks } = await import('../sinks/list-sinks.ts');
  const document = await screen.progress('asking agents', () =>
    listSinks(cluster, {
      ownNamespace,
      namespace: allNamespaces === true ? undefined : cluster.namespace,
      note: (text) => screen.say(`note: ${text}.`),
    }),
  );
  if (output !== 'table') {
    printDocument(screen, output, document);
    return;
  }
  const { formatSinks } = await import('../sinks/sink-table.ts');
  for (const line of formatSinks(document.items, screen)) screen.print(line);
  const { running, answered } = document.agents;
  const where = document.namespace === undefined ? 'in all namespaces' : `in ${document.namespace}`;
  screen.say(`${answered} of ${running} running agents ${where} answered`);
}

function buildTest(context: CommandContext): Command {
  return new Command('test')
    .summary('send an event to a sink, and look for it there')
    .description(
      'Send one event to a sink and look for it there, from a pod that is removed afterwards: in the namespace of dbaudit, or with -n in one whose configuration, Secret and network policies are to be tested. Ends with 0 where the event arrived, with 1 where it did not, with 2 where it could not be tried.',
    )
    .argument('<sink>', 'its name, as `sink list` shows it')
    .option('--timeout <duration>', 'how long the pod may take', parseDuration, TWO_MINUTES)
    .addOption(new Option('-o, --output <format>', 'how to print it').choices(['text', 'json', 'yaml']).default('text'))
    .action((name: string, options: TestOptions) => test(context, name, options));
}

async function test(context: CommandContext, name: string, { timeout, output }: TestOptions): Promise<void> {
  const { screen } = context;
  const { testSink } = await import('../sinks/test-sink.ts');
  const document = await testSink(context, name, { timeoutMillis: timeout });
  if (output === 'text') {
    const { formatReport } = await import('../sinks/test-report.ts');
    for (const line of formatReport(document, screen)) screen.print(line);
  } else printDocument(screen, output, document);
  if (!document.ok) context.exitCode = 1;
}
