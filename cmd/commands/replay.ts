import { Command, Option } from 'commander';
import { replay } from '../../agent/replay.ts';
import type { AuditEvent } from '../../contract/audit-event.ts';
import type { CommandContext } from '../context.ts';
import { formatEventTable } from '../event-table.ts';

const DEFAULT_COLUMNS = 160;

interface ReplayOptions {
  readonly output: 'table' | 'json';
  readonly wide?: true;
}

/** `kubectl dbaudit replay FILE...`: what a packet capture says, as the table that `tail` prints. */
export function buildReplay(context: CommandContext): Command {
  return new Command('replay')
    .description('show the database statements in packet captures (pcap, pcapng, gzip; - is standard input)')
    .argument('<file...>', 'captures, in the order they were taken')
    .addOption(new Option('-o, --output <format>', 'how to print events').choices(['table', 'json']).default('table'))
    .option('-w, --wide', 'do not cut statements to the width of the terminal')
    .action(async (files: readonly string[], options: ReplayOptions) => {
      const events: AuditEvent[] = [];
      const summary = await replay({
        files,
        stdin: context.stdin,
        sink: {
          name: options.output,
          write: async ({ lines }) => {
            if (options.output === 'json') context.stdout.write(Buffer.from(lines));
            else for (const line of lines.toString('utf8').trimEnd().split('\n')) events.push(JSON.parse(line));
          },
          close: () => Promise.resolve(),
        },
      });
      if (options.output === 'table') {
        const width = options.wide ? Number.POSITIVE_INFINITY : (context.stdout.columns ?? DEFAULT_COLUMNS);
        context.stdout.write(`${formatEventTable(events, width).join('\n')}\n`);
      }
      context.stderr.write(`${summary}\n`);
    });
}
