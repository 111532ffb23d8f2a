import { Command, Option } from 'commander';
import type { ColourChoice } from './output/screen.ts';

/** What every command takes: the flags of `kubectl options`, and some of ours. Absent: as the kubeconfig says. */
export interface GlobalOptions {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly cluster?: string;
  readonly user?: string;
  readonly namespace?: string;
  readonly as?: string;
  readonly asGroup?: readonly string[];
  readonly asUid?: string;
  readonly requestTimeout?: string;
  readonly cacheDir?: string;
  readonly server?: string;
  readonly token?: string;
  readonly tlsServerName?: string;
  readonly insecureSkipTlsVerify?: true;
  readonly certificateAuthority?: string;
  readonly clientCertificate?: string;
  readonly clientKey?: string;
  readonly v?: string;
  readonly dbauditNamespace?: string;
  readonly collector?: string;
  readonly collectorCa?: string;
  readonly color: ColourChoice;
}

/** In the order in which `kubectl dbaudit options` lists them. Commands must not use their names for anything else. */
export function globalOptions(): Option[] {
  return [
    new Option('-n, --namespace <name>', 'the namespace to work in; otherwise that of the context'),
    new Option('--dbaudit-namespace <name>', 'where dbaudit is installed; otherwise found by its label'),
    new Option('--collector <url>', 'the collector behind an ingress; otherwise through a port-forward'),
    new Option('--collector-ca <file>', 'certificates of the authorities to trust for --collector'),
    new Option('--color <when>', 'auto: in a terminal, unless NO_COLOR is set')
      .choices(['auto', 'always', 'never'])
      .default('auto'),
    new Option('--kubeconfig <file>', 'the kubeconfig; otherwise $KUBECONFIG, otherwise ~/.kube/config'),
    new Option('--context <name>', 'the context of the kubeconfig'),
    new Option('--cluster <name>', 'the cluster of the kubeconfig'),
    new Option('--user <name>', 'the user of the kubeconfig'),
    new Option('--as <user>', 'act as this user, or system:serviceaccount:NAMESPACE:NAME'),
    new Option('--as-group <group>', 'act as a member of this group; may be repeated').argParser(
      (group: string, groups: readonly string[] = []) => [...groups, group],
    ),
    new Option('--as-uid <uid>', 'act with this uid'),
    new Option('-s, --server <address>', 'address and port of the API server'),
    new Option('--token <token>', 'bearer token for the API server'),
    new Option('--tls-server-name <name>', 'the name the API server’s certificate must have'),
    new Option('--insecure-skip-tls-verify', 'do not check the API server’s certificate'),
    new Option('--certificate-authority <file>', 'certificates of the authorities to trust'),
    new Option('--client-certificate <file>', 'client certificate'),
    new Option('--client-key <file>', 'key of the client certificate'),
    new Option('--request-timeout <duration>', 'give up a request after this time, such as 30s; 0: never').default(
      '30s',
    ),
    new Option('--cache-dir <directory>', 'accepted for kubectl’s sake: nothing is cached'),
    new Option('-v, --v <level>', 'from 6 on, name each request on standard error'),
  ];
}

/**
 * The global options among `words`, wherever they stand, and the words that are left for the command.
 * @throws CommanderError where an option lacks its value or has a wrong one
 */
export function parseGlobalOptions(
  words: readonly string[],
  writeError: (text: string) => void,
): { readonly globals: GlobalOptions; readonly rest: readonly string[] } {
  const parser = new Command('kubectl dbaudit')
    .helpOption(false)
    .exitOverride()
    .configureOutput({ writeErr: writeError });
  for (const option of globalOptions()) parser.addOption(option);
  // What comes after `--` is the command's, whatever it looks like.
  const end = words.includes('--') ? words.indexOf('--') : words.length;
  const { operands, unknown } = parser.parseOptions(words.slice(0, end));
  return { globals: parser.opts<GlobalOptions>(), rest: [...operands, ...unknown, ...words.slice(end)] };
}
