import { dirname } from 'node:path';
import { Argument, Command } from 'commander';
import { SCRIPTS, SHELLS, type Shell } from '../completion/scripts.ts';
import { installShim, isOnPath } from '../completion/shim.ts';
import type { CommandContext } from '../context.ts';

const HELP = `
kubectl completes \`kubectl dbaudit\` by itself, once \`kubectl dbaudit completion install\` has been run and kubectl's
own completion is on (\`kubectl completion --help\`). The scripts complete the executable by its own name, kubectl-dbaudit.`;

/** `kubectl dbaudit completion bash|zsh|fish|powershell`, and `completion install` for kubectl's own completion. */
export function buildCompletion(context: CommandContext): Command {
  const { screen, environment, stdout } = context;
  return new Command('completion')
    .description('Have the shell complete commands, flags and names.')
    .addArgument(new Argument('<shell>', 'print the script for this shell').choices(SHELLS))
    .addHelpText('after', HELP)
    .action((shell: Shell) => {
      stdout.write(SCRIPTS[shell]);
    })
    .addCommand(
      new Command('install')
        .summary('have kubectl complete `kubectl dbaudit`')
        .description('Write kubectl_complete-dbaudit, which kubectl asks for the words after `kubectl dbaudit`.')
        .option('--dir <directory>', 'where to, a directory of PATH; otherwise beside the plugin')
        .action(async ({ dir }: { readonly dir?: string }) => {
          const file = await installShim(dir, environment);
          screen.say(`written: ${file}`);
          if (!isOnPath(dirname(file), environment)) {
            screen.say(`${dirname(file)} is not on PATH: kubectl finds it there only once it is`);
          }
        }),
    );
}
