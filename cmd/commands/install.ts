import { Command, Option } from 'commander';
import { stringify } from 'yaml';
import { SINK_SECRET } from '../../contract/labels.ts';
import { UserError } from '../../contract/user-error.ts';
import { renderManifests } from '../../manifests/render.ts';
import type { CommandContext } from '../context.ts';
import { resolveStorage } from '../installation/choose-storage.ts';
import { applyInstallation, type InstallFlags, resolveInjector } from '../installation/install.ts';
import { addInstallOptions } from '../installation/install-flags.ts';
import { completeOptions, readValues, type ValueFlags } from '../installation/install-values.ts';
import { removalRecipe } from '../installation/removal-recipe.ts';

interface Options extends ValueFlags, InstallFlags {
  readonly output?: 'yaml' | 'json';
}

/** `kubectl dbaudit install`: what gives pods their agent. Running it again repairs what is missing. */
export function buildInstall(context: CommandContext): Command {
  const command = new Command('install').description(
    'Install dbaudit in the cluster: what gives labelled pods an agent. No pod is changed before it is asked for with `enable`.',
  );
  return addInstallOptions(command)
    .addOption(new Option('-o, --output <format>', 'print the objects and change nothing').choices(['yaml', 'json']))
    .action((options: Options) => install(context, options));
}

async function install(context: CommandContext, options: Options): Promise<void> {
  const { screen, globals } = context;
  // What is printed depends on the flags alone; what is installed goes where it is already.
  const namespace = options.output === undefined ? await context.ownNamespace() : globals.dbauditNamespace;
  const named = namespace === undefined ? {} : { namespace };
  const given = await readValues(options, context.stdin, named);
  const injected = await resolveInjector(context, options.injector, given, options.output !== undefined);
  const values =
    options.output === undefined
      ? await resolveStorage(await context.cluster(), injected, (line) => context.screen.say(line))
      : injected;
  if (options.output !== undefined) {
    if (options.sinkSecret !== undefined) {
      throw new UserError(
        'DBA1004',
        '--sink-secret is for a cluster: a Secret is not printed',
        `\`kubectl create secret generic ${SINK_SECRET} --from-file=NAME=FILE\` makes it.`,
      );
    }
    const objects = renderManifests(completeOptions(values));
    screen.print(
      options.output === 'yaml'
        ? objects
            .map((object) => stringify(object, { lineWidth: 0 }))
            .join('---\n')
            .trimEnd()
        : JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }, undefined, 2),
    );
    return;
  }
  const cluster = await context.cluster();
  const installed = await applyInstallation(context, cluster, values, options);
  if (options.dryRun !== 'none') return;
  const { injector } = installed.options;
  screen.say(
    [
      '',
      options.wait
        ? `${screen.paint('green', '√')} dbaudit is installed in ${installed.options.namespace}, and pods that ask for it get an agent (${injector}).`
        : `dbaudit is being installed in ${installed.options.namespace}: \`kubectl dbaudit status --wait\` waits for it.`,
      '',
      'Next:',
      '  kubectl dbaudit enable deploy/NAME -n NAMESPACE --wait   capture a workload; its pods are restarted',
      '  kubectl dbaudit tail -n NAMESPACE                        watch its statements',
      '  kubectl dbaudit coverage                                 see what is captured and what is not',
      ...(installed.options.collector
        ? ['  kubectl dbaudit ui                                       look at all that was, in a browser']
        : []),
      '',
      'To take it away: kubectl dbaudit uninstall, or without the plugin:',
      ...removalRecipe(installed.objects).map((line) => `  ${line}`),
    ].join('\n'),
  );
}
