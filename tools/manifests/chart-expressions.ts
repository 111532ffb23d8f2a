import * as z from 'zod';
import type { InstallOptions } from '../../manifests/options.ts';

/** Some options, or the template's expressions for them. */
export type Choice = { readonly [Name in keyof InstallOptions]?: unknown };

/** An option that renderers branch on: it is rendered both ways. */
export interface Flag {
  readonly condition: string;
  readonly on: Choice;
  readonly off: Choice;
}

type TruthValue = {
  [Name in keyof InstallOptions]: InstallOptions[Name] extends boolean ? Name : never;
}[keyof InstallOptions];

function flag(name: TruthValue): Flag {
  return { condition: `.Values.${name}`, on: { [name]: true }, off: { [name]: false } };
}

/** The one value that may be absent. */
const CPU_LIMIT = '.Values.injection.resources.limits.cpu';

export const FLAGS: readonly Flag[] = [
  { condition: 'eq .Values.injector "webhook"', on: { injector: 'webhook' }, off: { injector: 'policy' } },
  flag('createNamespace'),
  flag('certManager'),
  flag('collector'),
  flag('collectorPersistent'),
  flag('collectorClientCertificates'),
  {
    condition: '.Values.agentConfig',
    // To the last blank: toYaml loses blank lines at the end.
    on: { agentConfig: value('.Values.agentConfig | toJson') },
    off: { agentConfig: '' },
  },
  {
    condition: '.Values.collectorStorageClass',
    on: { collectorStorageClass: value('.Values.collectorStorageClass') },
    off: { collectorStorageClass: '' },
  },
  flag('mirrorSinkSecret'),
  flag('disruptionBudget'),
  flag('networkPolicy'),
  flag('flowSchema'),
  flag('podMonitor'),
  {
    condition: CPU_LIMIT,
    on: { injection: injection({ cpu: value(CPU_LIMIT) }) },
    off: { injection: injection({}) },
  },
];

/** Texts that mean something else where they are empty. */
type EmptyText = 'agentConfig' | 'collectorStorageClass';

/** In place of each other option stands what the template says there. */
const EXPRESSIONS: Readonly<
  Record<Exclude<keyof InstallOptions, 'injector' | 'injection' | EmptyText | TruthValue>, string>
> = {
  namespace: value('.Release.Namespace'),
  instance: value('.Release.Name'),
  managedBy: value('.Release.Service'),
  image: value('.Values.image'),
  imagePullPolicy: value('.Values.imagePullPolicy'),
  imagePullSecrets: block('.Values.imagePullSecrets'),
  policyApiVersion: value('.Values.policyApiVersion'),
  failurePolicy: value('.Values.failurePolicy'),
  replicas: value('.Values.replicas'),
  resources: block('.Values.resources'),
  nodeSelector: block('.Values.nodeSelector'),
  tolerations: block('.Values.tolerations'),
  collectorImage: value('.Values.collectorImage'),
  collectorConfig: value('.Values.collectorConfig | toJson'),
  collectorStorage: value('.Values.collectorStorage'),
  collectorResources: block('.Values.collectorResources'),
  collectorUsers: value('.Values.collectorUsers'),
};

function injection(
  limits: Readonly<Record<string, string>>,
): Readonly<Record<keyof InstallOptions['injection'], unknown>> {
  const below = (path: string) => value(`.Values.injection.${path}`);
  return {
    nativeSidecar: below('nativeSidecar'),
    capabilities: below('capabilities'),
    podSecurityDefault: below('podSecurityDefault'),
    redact: below('redact'),
    spoolSize: below('spoolSize'),
    sinkToken: below('sinkToken'),
    resources: {
      requests: { cpu: below('resources.requests.cpu'), memory: below('resources.requests.memory') },
      limits: { ...limits, memory: below('resources.limits.memory') },
    },
  };
}

/** A scalar, or a piece of one. */
function value(expression: string): string {
  return `<<${expression}>>`;
}

/** Any YAML, below its key. */
function block(expression: string): string {
  return `<<<${expression}>>>`;
}

/** Expressions are no valid options; renderers pass them on unseen (see InstallOptions). */
const unchecked = z.custom<InstallOptions>();

export function templateOptions(choice: Choice): InstallOptions {
  return unchecked.parse({ ...EXPRESSIONS, ...choice });
}

/** Puts Helm's syntax in place of the marks in a line of YAML. */
export function toHelm(line: string): string {
  const blockBelow = /^( *(?:- )?)(.*): <<<(.+)>>>$/.exec(line);
  if (blockBelow !== null) {
    const [, start = '', key, expression] = blockBelow;
    const indentation = start.length + 2;
    return `${start}${key}:\n${' '.repeat(indentation)}{{- toYaml ${expression} | nindent ${indentation} }}`;
  }
  return (
    line
      // Text that would mean something to Helm stays as it is.
      .replaceAll('{{', '{{ "{{" }}')
      .replace(/(^ *-|:) <<([^<>|]+)>>$/, '$1 {{ toYaml $2 }}')
      .replaceAll(/<<([^<>]+)>>/g, '{{ $1 }}')
  );
}
