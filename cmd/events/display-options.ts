import { type Command, InvalidArgumentError, Option } from 'commander';
import type { CommandContext } from '../context.ts';
import type { FilterTerm } from './filter.ts';
import { parseExpression } from './filter-definitions.ts';
import { valuesOf } from './filter-options.ts';
import type { EventFormat } from './formats/format.ts';
import { TIME_FORMATS, type TimeFormatName } from './formats/time-format.ts';
import type { KnownAddresses } from './known-addresses.ts';

export interface DisplayOptions {
  readonly output: string;
  readonly headers: boolean;
  readonly timeFormat?: TimeFormatName;
  readonly timezone: string;
}

/** What all commands that print events take. */
export function addDisplayOptions(command: Command): void {
  command
    .optionsGroup('Display:')
    .option(
      '-o, --output <format>',
      "compact, wide, dict, json, jsonpath='{.user.name}', template='{{user.name}} {{statement}}'",
      'compact',
    )
    .option('--no-headers', 'leave the column headings out')
    .addOption(
      new Option('--time-format <name>', 'time; datetime: with the date; rfc3339; full: nanoseconds').choices(
        TIME_FORMATS,
      ),
    )
    .option('--timezone <name>', 'local, UTC, or such as Europe/Berlin', 'local');
}

/** Opens the format that was asked for. Rejects with UserError DBA1004. */
export async function openDisplay(
  options: DisplayOptions,
  { stdout, screen }: CommandContext,
  terms: readonly FilterTerm[],
  known: KnownAddresses,
  homeNamespace?: string,
): Promise<EventFormat> {
  const [{ openFormat }, { createTimeFormat }] = await Promise.all([
    import('./formats/index.ts'),
    import('./formats/time-format.ts'),
  ]);
  // The lines of a screen are of one day, mostly, and there is little room for it.
  const timeFormat = options.timeFormat ?? (options.output === 'compact' ? 'time' : 'datetime');
  return openFormat(options.output, {
    width: () => (stdout.isTTY === true ? stdout.columns : undefined),
    paint: screen.paint,
    time: createTimeFormat(timeFormat, options.timezone),
    known,
    highlight: valuesOf(terms, '--include').map(parseExpression),
    ...(homeNamespace === undefined ? {} : { homeNamespace }),
  });
}

/** For options that take a number of things. */
export function parseCount(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('A whole number from 1 on is expected.');
  return Number(text);
}
