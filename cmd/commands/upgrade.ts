import { Command } from 'commander';
import { UserError } from '../../contract/user-error.ts';
import { VERSION } from '../../contract/version.ts';
import type { CommandContext } from '../context.ts';
import { resolveStorage } from '../installation/choose-storage.ts';
import { applyInstallation, type InstallFlags, resolveInjector } from '../installation/install.ts';
import { addInstallOptions } from '../installation/install-flags.ts';
import { readValues, type ValueFlags } from '../installation/install-values.ts';
import { outdatedObjects } from '../installation/outdated-objects.ts';
import { listOwnObjects, objectName } from '../installation/own-objects.ts';
import { readValuesRecord } from '../installation/values-record.ts';

interface Options extends ValueFlags, InstallFlags {
  readonly prune?: true;
}

const MANAGED_BY = 'app.kubernetes.io/managed-by';

/** `kubectl dbaudit upgrade`: what is installed, in the version of the plugin and with the values chosen before. */
export function buildUpgrade(context: CommandContext): Command {
  const command = new Command('upgrade').description(
    'Bring what is installed to the version of the plugin, with the values it was installed with and those given now over them. Agents are renewed when their pods are restarted.',
  );
  return addInstallOptions(command)
    .option('--prune', 'remove what earlier versions made and this one does not')
    .action((options: Options) => upgrade(context, options));
}

async function upgrade(context: CommandContext, options: Options): Promise<void> {
  const { screen } = context;
  const cluster = await context.cluster();
  const namespace = await context.ownNamespace();
  const { objects: present } = await listOwnObjects(cluster);
  const ours = present.filter((object) => object.metadata.labels?.[MANAGED_BY] !== undefined);
  if (ours.length === 0) {
    throw new UserError(
      'DBA1105',
      `there is nothing to upgrade in ${namespace}`,
      '`kubectl dbaudit install` installs it.',
    );
  }
  const manager = ours.map(({ metadata }) => metadata.labels?.[MANAGED_BY]).find((name) => name !== 'kubectl-dbaudit');
  if (manager !== undefined) {
    throw new UserError(
      'DBA1107',
      `it was installed by ${manager}, which would undo the upgrade`,
      manager === 'Helm'
        ? '`helm upgrade` with the new chart.'
        : 'Apply the manifests of the new version in the same way.',
    );
  }
  const earlier = { ...(await readValuesRecord(cluster, namespace)), namespace };
  const given = await readValues(options, context.stdin, earlier);
  const injected = await resolveInjector(context, options.injector, given, false);
  const values = await resolveStorage(cluster, injected, (line) => screen.say(line));
  const { objects, options: installed } = await applyInstallation(context, cluster, values, options);
  const outdated = outdatedObjects(present, objects, installed);
  for (const object of outdated) {
    if (options.prune === undefined) break;
    const { name, namespace: where } = object.metadata;
    const dry = options.dryRun !== 'none';
    if (!dry) await cluster.remove(object, name, where);
    screen.print(`${objectName(object)} deleted${dry ? ' (dry run)' : ''}`);
  }
  if (options.prune === undefined && outdated.length > 0) {
    screen.say(`DBA3008: left by another version; --prune removes: ${outdated.map(objectName).join(', ')}`);
  }
  if (options.dryRun === 'none') {
    screen.say(
      `${screen.paint('green', '√')} dbaudit ${VERSION} in ${namespace}; \`kubectl dbaudit status\` names workloads with older agents.`,
    );
  }
}
