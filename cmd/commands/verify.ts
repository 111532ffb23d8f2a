import { Command, Option } from 'commander';
import { addRangeOptions, type RangeOptions, rangeOf } from '../collector-client/time-range.ts';
import type { CommandContext } from '../context.ts';

interface Options extends RangeOptions {
  readonly chain?: string;
  readonly output: 'table' | 'json' | 'yaml';
}

/** `kubectl dbaudit verify`: whether what the collector keeps is what it was given. */
export function buildVerify(context: CommandContext): Command {
  const command = new Command('verify').description(
    'Check that no event the collector keeps was changed, removed, added or moved since it came: the chains of hashes, the signed checkpoints, and the agents’ own numbers. Ends with 0 where all is intact, with 1 where it is not, with 2 where it could not be checked.',
  );
  return addRangeOptions(command, 'all that is kept')
    .option('--chain <name>', 'of one agent alone')
    .addOption(
      new Option('-o, --output <format>', 'how to print it').choices(['table', 'json', 'yaml']).default('table'),
    )
    .action(async ({ chain, output, ...times }: Options) => {
      const whole = times.since === undefined && times.until === undefined;
      const range = whole ? undefined : rangeOf(times, Number.POSITIVE_INFINITY);
      // Loaded here, so that completion need not wait for it.
      const { verify } = await import('../collector-client/verify.ts');
      await verify({ range, chain, output }, context);
    });
}
