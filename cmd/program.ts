import { Command } from 'commander';
import { VERSION } from '../contract/version.ts';
import { COMMAND_GROUPS, type CommandEntry } from './commands/index.ts';
import type { CommandContext } from './context.ts';

const FOOTER = `
\`kubectl dbaudit COMMAND --help\` shows what a command takes,
\`kubectl dbaudit options\` what all of them take.
Exit codes: 0 done, or nothing found; 1 failed, or something found;
2 a question that could not be answered.`;

/**
 * The plugin's command line: all commands by name and summary, and the one that `words` run, whole. It never leaves
 * the process by itself, so that tests can run it.
 */
export async function buildProgram(
  context: CommandContext,
  words: readonly string[],
  commands: readonly CommandEntry[],
): Promise<Command> {
  const program = new Command('kubectl dbaudit')
    .description('Shows and records who did what in which database, for workloads on Kubernetes.')
    .usage('COMMAND [options]')
    .version(VERSION, '--version', 'print the version of the plugin')
    .helpOption('-h, --help', 'show this help')
    .helpCommand(false)
    .showHelpAfterError('`--help` shows what there is.')
    .addHelpText('after', FOOTER)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => context.stdout.write(text),
      writeErr: (text) => context.stderr.write(text),
      getOutHelpWidth: () => context.stdout.columns ?? 100,
    });
  const wanted = findEntry(words, commands);
  for (const group of COMMAND_GROUPS) {
    for (const entry of commands.filter((entry) => entry.group === group)) {
      const command = entry === wanted ? (await entry.load())(context) : new Command(entry.name);
      inherit(command, program);
      program.addCommand(command.summary(entry.summary).helpGroup(`${group}:`), { hidden: entry.hidden === true });
    }
  }
  return program;
}

/** The command that the words name; `help NAME` is `NAME --help`. */
export function findEntry(words: readonly string[], commands: readonly CommandEntry[]): CommandEntry | undefined {
  const name = words.find((word) => !word.startsWith('-'));
  return commands.find((entry) => entry.name === name);
}

function inherit(command: Command, parent: Command): void {
  command.copyInheritedSettings(parent).helpOption('-h, --help', 'show this help');
  for (const child of command.commands) inherit(child, command);
}
