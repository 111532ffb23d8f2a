import { Command } from 'commander';
import { VERSION } from '../contract/version.ts';
import { commands } from './commands/index.ts';
import type { CommandContext } from './context.ts';

/** The plugin's command line. It never leaves the process by itself, so that tests can run it. */
export function buildProgram(context: CommandContext): Command {
  const program = new Command('kubectl dbaudit')
    .description('Shows and records who did what in which database, for workloads on Kubernetes.')
    .version(VERSION)
    .showHelpAfterError()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => context.stdout.write(text),
      writeErr: (text) => context.stderr.write(text),
    });
  for (const build of commands) program.addCommand(build(context).copyInheritedSettings(program));
  return program;
}
