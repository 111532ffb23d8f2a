import { Command, Option } from 'commander';
import type { CommandContext } from '../context.ts';
import { addDisplayOptions, type DisplayOptions } from '../events/display-options.ts';
import { describeFilter } from '../events/filter.ts';
import { addFilterOptions } from '../events/filter-options.ts';
import { parseTime } from '../events/time-window.ts';

interface ReplayOptions extends DisplayOptions {
  readonly since?: number;
  readonly until?: number;
  readonly printFilter?: true;
}

/** `kubectl dbaudit replay FILE...`: what captures and saved events say, as `tail` shows it. */
export function buildReplay(context: CommandContext): Command {
  const command = new Command('replay')
    .description(
      'Show the database statements in packet captures (pcap, pcapng, gzip) and in saved events (NDJSON, as `tail -o ' +
        'json` and the file sink write it), with the filters and formats of `tail`. No cluster is needed.',
    )
    .argument('<file...>', 'in the order they were taken; - is standard input')
    .optionsGroup('Time:')
    .addOption(new Option('--since <time>', 'from then on: 2026-11-20T12:00:00Z').argParser(parseTime))
    .addOption(new Option('--until <time>', 'up to then').argParser(parseTime));
  addDisplayOptions(command);
  const readTerms = addFilterOptions(command);
  return command.action(async (files: readonly string[], options: ReplayOptions) => {
    const terms = readTerms();
    if (options.printFilter) {
      for (const line of describeFilter(terms)) context.screen.print(line);
      return;
    }
    // Loaded here, so that completion need not wait for it.
    const { replayFiles } = await import('../events/replay.ts');
    await replayFiles({ ...options, files, terms, window: { since: options.since, until: options.until } }, context);
  });
}
