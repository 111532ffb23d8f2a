import { type Command, Option } from 'commander';
import { parseDuration } from '../duration.ts';

const TWO_MINUTES = 120_000;

/** The options that `install` and `upgrade` share. */
export function addInstallOptions(command: Command): Command {
  const repeat = (value: string, values: readonly string[] = []) => [...values, value];
  return command
    .addOption(
      new Option('--injector <how>', 'auto: policy where the API server serves it as v1, else webhook')
        .choices(['auto', 'webhook', 'policy'])
        .default('auto'),
    )
    .option('--image <reference>', 'image of the injector and the agents')
    .addOption(
      new Option('--image-pull-policy <policy>', 'when nodes pull it').choices(['Always', 'IfNotPresent', 'Never']),
    )
    .option('--image-pull-secret <name>', 'pull secret of the injector; may be repeated', repeat)
    .option('--ha', 'three injectors')
    .option('--cert-manager', 'let cert-manager make the serving certificate')
    .option('--enforce', 'refuse selected pods while the injector is away, instead of letting them start unobserved')
    .option('--agent-config <file>', 'configuration of every agent, YAML')
    .option(
      '--sink-secret <[key=]file>',
      'what sinks’ settings name as /etc/dbaudit/secrets/KEY; may be repeated',
      repeat,
    )
    .option('--mirror-sink-secret', 'let the injector copy it into namespaces labelled for capture')
    .option('--no-collector', 'leave out what keeps events, answers questions and raises alerts')
    .option('--with-collector', 'take it in again, where it was left out before')
    .option('--collector-image <reference>', 'image of the collector')
    .option('--collector-config <file>', 'configuration of the collector, YAML')
    .option(
      '--collector-storage <size>',
      'its volume, such as 50Gi; none: events are gone with its pod (default: 20Gi, or none without a StorageClass)',
    )
    .option('--collector-storage-class <name>', 'the StorageClass of its volume; otherwise the cluster’s default')
    .option('-f, --values <file>', 'values as the chart takes them; may be repeated', repeat)
    .option('--set <path=value>', 'one value; may be repeated', repeat)
    .addOption(
      new Option('--dry-run <where>', 'client: name the objects; server: let the API server check them')
        .choices(['none', 'client', 'server'])
        .preset('client')
        .default('none'),
    )
    .option('--wait', 'wait until pods that ask for it get an agent (the default)', true)
    .option('--no-wait', 'do not')
    .option('--timeout <duration>', 'how long to wait', parseDuration, TWO_MINUTES);
}
