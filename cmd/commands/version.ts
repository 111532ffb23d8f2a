import { Command, Option } from 'commander';
import { UserError } from '../../contract/user-error.ts';
import { VERSION } from '../../contract/version.ts';
import type { CommandContext } from '../context.ts';
import type { VersionDocument } from '../output/schemas/version.ts';

interface Options {
  readonly client?: true;
  readonly output?: 'json' | 'yaml';
}

/** `kubectl dbaudit version`: of the plugin, the injector and the API server. */
export function buildVersion(context: CommandContext): Command {
  return new Command('version')
    .description('Print the versions of the plugin, of the injector in the cluster and of its API server.')
    .option('--client', 'ask no cluster')
    .addOption(new Option('-o, --output <format>', 'for programs').choices(['json', 'yaml']))
    .action(async ({ client, output }: Options) => {
      const { screen } = context;
      const { found, error } = client === true ? { found: {}, error: undefined } : await lookAtCluster(context);
      if (output !== undefined) {
        const { OUTPUT_API_VERSION, printDocument } = await import('../output/structured.ts');
        const document: VersionDocument = {
          apiVersion: OUTPUT_API_VERSION,
          kind: 'Version',
          plugin: VERSION,
          ...found,
        };
        printDocument(screen, output, document);
      } else {
        screen.print(`plugin      ${VERSION}`);
        if (found.injector !== undefined) screen.print(`injector    ${found.injector}`);
        if (found.kubernetes !== undefined) screen.print(`kubernetes  ${found.kubernetes}`);
      }
      if (error !== undefined) throw error;
    });
}

type Found = Pick<VersionDocument, 'injector' | 'kubernetes'>;

/** What can be had; the plugin's own version is worth printing without a cluster. */
async function lookAtCluster(
  context: CommandContext,
): Promise<{ readonly found: Found; readonly error: UserError | undefined }> {
  try {
    const cluster = await context.cluster();
    const { gitVersion } = await cluster.version();
    const { installedVersion } = await import('../installation/installed-version.ts');
    const injector = await installedVersion(cluster);
    return { found: { kubernetes: gitVersion, ...(injector === undefined ? {} : { injector }) }, error: undefined };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { found: {}, error };
  }
}
