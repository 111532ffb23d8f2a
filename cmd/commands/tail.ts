import { Command, Option } from 'commander';
import type { CommandContext } from '../context.ts';
import { addDisplayOptions, type DisplayOptions, parseCount } from '../events/display-options.ts';
import { describeFilter } from '../events/filter.ts';
import { addFilterOptions } from '../events/filter-options.ts';
import { parseRate } from '../events/rate-limit.ts';
import { parseTime } from '../events/time-window.ts';

/** Each is a connection through the API server, which others need too; stern's number. */
const DEFAULT_MAX_PODS = 50;
/** What passes faster cannot be read. */
const DEFAULT_MAX_RATE = 200;

/** Programs get every event; people want each statement once. */
const FOR_PEOPLE: ReadonlySet<string> = new Set(['compact', 'wide', 'dict']);

interface TailOptions extends DisplayOptions {
  readonly selector?: string;
  readonly allNamespaces?: true;
  readonly since?: number;
  readonly until?: number;
  readonly last?: number;
  readonly follow?: boolean;
  readonly maxPods: number;
  readonly maxRate?: number;
  readonly bothEnds?: true;
  readonly printFilter?: true;
  readonly fromAgents?: true;
}

/** `kubectl dbaudit tail [REGEX|TYPE/NAME]`: the statements of pods as they come. */
export function buildTail(context: CommandContext): Command {
  const command = new Command('tail')
    .description(
      'Show what databases are asked, as it happens: by the one stream of the collector where there is one, else straight ' +
        'from the logs of agents. Pods that come are followed too. What was not seen is shown in line (LOST, BLIND).',
    )
    .argument('[target]', 'a regular expression for the names of pods, or TYPE/NAME; otherwise all pods with an agent')
    .optionsGroup('Pods (-n a,b names several namespaces):')
    .option('-l, --selector <selector>', 'pods with these labels')
    .option('-A, --all-namespaces', 'pods of all namespaces')
    .addOption(
      new Option('--max-pods <count>', 'read so many at a time').argParser(parseCount).default(DEFAULT_MAX_PODS),
    )
    .option('--from-agents', 'read the logs of agents even where there is a collector')
    .optionsGroup('Time:')
    .option('-f, --follow', 'show what comes (the default, unless --until has passed)')
    .option('--no-follow', 'show what is there, in order, and end')
    .addOption(new Option('--since <time>', 'from then on: 5m, or 2026-11-20T12:00:00Z').argParser(parseTime))
    .addOption(new Option('--until <time>', 'up to then').argParser(parseTime))
    .addOption(new Option('--last <count>', 'the last so many of what is there').argParser(parseCount));
  addDisplayOptions(command);
  command.option(
    '--both-ends',
    'what the agents of client and server both saw, twice; so in all but the formats for people',
  );
  command.addOption(
    new Option(
      '--max-rate <rate>',
      `so many a second in a terminal: 50/s, all (default: ${DEFAULT_MAX_RATE}/s)`,
    ).argParser(parseRate),
  );
  const readTerms = addFilterOptions(command);
  return command.addHelpText('after', EXAMPLES).action(async (target: string | undefined, options: TailOptions) => {
    const { since, until, last, follow, maxPods, maxRate, bothEnds, printFilter, fromAgents, ...rest } = options;
    const terms = readTerms();
    if (printFilter) {
      for (const line of describeFilter(terms)) context.screen.print(line);
      return;
    }
    // Loaded here, so that completion need not wait for it.
    const { tail } = await import('../events/tail.ts');
    await tail(
      {
        ...rest,
        target,
        terms,
        last,
        maxPods,
        fromAgents: fromAgents === true,
        bothEnds: bothEnds ?? !FOR_PEOPLE.has(options.output),
        window: { since, until },
        follow: follow ?? (until === undefined || until > Date.now()),
        maxRate: maxRate ?? (context.stdout.isTTY === true ? DEFAULT_MAX_RATE : Number.POSITIVE_INFINITY),
      },
      context,
    );
  });
}

const EXAMPLES = `
Examples:
  kubectl dbaudit tail deploy/orders -n shop                    what one workload asks
  kubectl dbaudit tail -A --kind auth --errors --since 1h -f    failed logins anywhere
  kubectl dbaudit tail --operation ddl,role --not --db-user app
  kubectl dbaudit tail --slower 200ms -o wide --no-follow
  kubectl dbaudit tail -o json --no-follow > events.ndjson      then: kubectl dbaudit replay events.ndjson

Templates: {{path | function}} with time, duration, json, upper, lower, cut N, pad N, padleft N, or TEXT, and colours
(red, green, yellow, cyan, dim, bold); {{statement}} is the text with its parameters, or what happened instead.`;
