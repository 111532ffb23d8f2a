import type { CommandContext } from '../context.ts';
import { type DisplayOptions, openDisplay } from './display-options.ts';
import { EventPrinter } from './event-printer.ts';
import { readFiles } from './file-source.ts';
import { buildFilter, type FilterTerm } from './filter.ts';
import { KnownAddresses } from './known-addresses.ts';
import { isWithin, type TimeWindow } from './time-window.ts';

export interface ReplayRequest extends DisplayOptions {
  readonly files: readonly string[];
  readonly terms: readonly FilterTerm[];
  readonly window: TimeWindow;
}

/** Prints the events of files. Rejects with UserError DBA1002 after what was before the damage, DBA1004. */
export async function replayFiles(request: ReplayRequest, context: CommandContext): Promise<void> {
  const { files, terms, window } = request;
  const known = new KnownAddresses();
  const passes = await buildFilter(terms, known);
  const format = await openDisplay(request, context, terms, known);
  const printer = new EventPrinter(context.stdout, format, { headings: request.headers, measure: true });
  try {
    await readFiles({
      files,
      stdin: context.stdin,
      say: (line) => context.screen.say(line),
      onEvent: async (received) => {
        if (isWithin(window, received) && passes(received.event)) await printer.print(received);
      },
    });
  } finally {
    await printer.flush();
  }
}
