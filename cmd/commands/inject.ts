import { Command, Option } from 'commander';
import * as z from 'zod';
import { type InjectionSettings, injectionSettingsSchema } from '../../contract/injection-settings.ts';
import { CAPTURE_LABEL, DEFAULT_NAMESPACE, POD_SECURITY_LABEL } from '../../contract/labels.ts';
import { UserError } from '../../contract/user-error.ts';
import { inject, isPod, podProblem, type Surroundings, uninject } from '../../webhook/inject.ts';
import type { CommandContext } from '../context.ts';
import { type ManifestDocument, readDocuments, toYaml } from '../manifest/documents.ts';
import { mapPods, type PodPlace } from '../manifest/pod-templates.ts';
import { printable } from '../output/text-width.ts';

type Format = 'yaml' | 'json';

interface FilterOptions {
  readonly filename: readonly string[];
  readonly output: Format;
}

interface InjectOptions extends FilterOptions {
  readonly settings?: string;
  readonly podSecurity?: 'privileged' | 'baseline' | 'restricted';
}

/** `kubectl dbaudit inject`: a filter over manifests that puts the agent into their pods; no cluster is asked. */
export function buildInject(context: CommandContext): Command {
  return new Command('inject')
    .description(
      'Put the agent into the pods and pod templates of manifests and print all of them, with no cluster asked. Comments in changed manifests are lost.',
    )
    .addOption(filename())
    .option(
      '--settings <file>',
      'settings for all agents, as the key injection.yaml of the ConfigMap dbaudit-injector has them',
    )
    .addOption(
      new Option(
        '--pod-security <level>',
        'the Pod Security level of namespaces whose manifest does not say one',
      ).choices(['privileged', 'baseline', 'restricted']),
    )
    .addOption(output())
    .addHelpText('after', '\nExample: kubectl dbaudit inject -f orders.yaml | kubectl apply -f -')
    .action(async (options: InjectOptions) => {
      const settings = await readSettings(options.settings, context);
      const documents = await readDocuments(options.filename, context.stdin);
      const namespaces = namespacesIn(documents);
      const print = (place: PodPlace) => {
        const name = place.namespace ?? context.globals.namespace ?? 'default';
        const { labels = {}, annotations = {} } = namespaces.get(name) ?? {};
        return injectAt(context, place, {
          namespace: {
            name,
            // Who runs this command selects. A pod that says no is still left alone.
            labels: { ...podSecurity(options), ...labels, [CAPTURE_LABEL]: 'enabled' },
            annotations,
          },
          settings,
          nativeSidecars: true,
          source: 'file',
          ownNamespace: context.globals.dbauditNamespace ?? DEFAULT_NAMESPACE,
        });
      };
      filter(context, documents, print, options.output);
    });
}

/** `kubectl dbaudit uninject`: the reverse filter, for manifests and for what `kubectl get -o yaml` prints. */
export function buildUninject(context: CommandContext): Command {
  return new Command('uninject')
    .description('Take the agent out of the pods and pod templates of manifests and print all of them.')
    .addOption(filename())
    .addOption(output())
    .action(async (options: FilterOptions) => {
      const documents = await readDocuments(options.filename, context.stdin);
      filter(context, documents, (place) => uninjectAt(context, place), options.output);
    });
}

function filename(): Option {
  return new Option('-f, --filename <path>', 'a file, a directory of files, or - for standard input; may be repeated')
    .argParser((path: string, paths: readonly string[] = []) => [...paths, path])
    .makeOptionMandatory();
}

function output(): Option {
  return new Option('-o, --output <format>', 'how to print').choices(['yaml', 'json']).default('yaml');
}

function injectAt({ screen }: CommandContext, { name, pod }: PodPlace, surroundings: Surroundings): unknown {
  const outcome = (text: string) => screen.say(printable(`${name}: ${text}`));
  if (!isPod(pod)) {
    outcome(`skipped, not a valid pod: ${podProblem(pod)}`);
    return pod;
  }
  const injection = inject(pod, surroundings);
  if (!injection.injected) {
    outcome(`skipped, ${injection.code} ${injection.reason}`);
    return pod;
  }
  outcome(injection.pod === pod ? 'has an agent already' : 'injected');
  for (const { code, message } of injection.notes) outcome(`${code} ${message}`);
  return injection.pod;
}

function uninjectAt({ screen }: CommandContext, { name, pod }: PodPlace): unknown {
  if (!isPod(pod)) {
    screen.say(printable(`${name}: skipped, not a valid pod: ${podProblem(pod)}`));
    return pod;
  }
  const without = uninject(pod);
  screen.say(printable(`${name}: ${without === pod ? 'has no agent' : 'uninjected'}`));
  return without;
}

/** Prints every document, changed or not; says so where there was no pod in any. */
function filter(
  { screen, stdout }: CommandContext,
  documents: readonly ManifestDocument[],
  change: (place: PodPlace) => unknown,
  format: Format,
): void {
  let pods = 0;
  const results = documents.map(({ value, text }) => {
    const changed = mapPods(value, (place) => {
      pods += 1;
      return change(place);
    });
    return { value: changed, text: changed === value ? text : toYaml(changed) };
  });
  if (pods === 0) screen.say('no pods and no workloads in what was read');
  if (results.length === 0) return;
  stdout.write(format === 'json' ? toJson(results) : results.map(({ text }) => text).join('---\n'));
}

/** As `kubectl get -o json` prints several. */
function toJson(results: readonly { readonly value: unknown }[]): string {
  const [first, ...others] = results.map(({ value }) => value);
  const whole = others.length === 0 ? first : { apiVersion: 'v1', kind: 'List', items: [first, ...others] };
  return `${JSON.stringify(whole, undefined, 2)}\n`;
}

async function readSettings(path: string | undefined, { stdin }: CommandContext): Promise<InjectionSettings> {
  const [document] = path === undefined ? [] : await readDocuments([path], stdin);
  const settings = injectionSettingsSchema.safeParse(document?.value ?? {});
  if (settings.success) return settings.data;
  throw new UserError(
    'DBA1001',
    `${path} is not valid:\n${z.prettifyError(settings.error)}`,
    'correct these settings; the key injection.yaml of the ConfigMap dbaudit-injector shows those of a cluster',
  );
}

const namespaceSchema = z.looseObject({
  apiVersion: z.literal('v1'),
  kind: z.literal('Namespace'),
  metadata: z.looseObject({
    name: z.string(),
    labels: z.record(z.string(), z.string()).optional(),
    annotations: z.record(z.string(), z.string()).optional(),
  }),
});

/** Namespaces that are among the manifests say themselves what they enforce and which settings they have. */
function namespacesIn(documents: readonly ManifestDocument[]) {
  const found = documents.flatMap(({ value }) => namespaceSchema.safeParse(value).data?.metadata ?? []);
  return new Map(found.map((metadata) => [metadata.name, metadata]));
}

function podSecurity({ podSecurity }: InjectOptions): Readonly<Record<string, string>> {
  return podSecurity === undefined ? {} : { [POD_SECURITY_LABEL]: podSecurity };
}
