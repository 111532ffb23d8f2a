import { Command } from 'commander';
import type { CommandContext } from '../context.ts';
import { globalOptions } from '../global-options.ts';

/** `kubectl dbaudit options`: the global options, which other commands' help leaves out. */
export function buildOptions({ stdout }: CommandContext): Command {
  return new Command('options').description('List the options that every command takes.').action(() => {
    const listed = new Command('kubectl dbaudit').helpOption(false).usage('COMMAND [options]');
    listed.configureOutput({ writeOut: (text) => stdout.write(text) });
    for (const option of globalOptions()) listed.addOption(option);
    listed.outputHelp();
  });
}
