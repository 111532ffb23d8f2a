import type { Argument, Option } from 'commander';
import { CODES } from '../../contract/codes.ts';
import { SETTING_PREFIX, SETTINGS } from '../../contract/labels.ts';
import type { CommandEntry } from '../commands/index.ts';
import { findWorkloadKind, WORKLOAD_KINDS } from '../kubernetes/workload-kinds.ts';
import type { ClusterValues } from './cluster-values.ts';
import { type CommandLine, findOption } from './command-line.ts';

export interface Candidate {
  readonly word: string;
  /** One line; shells that can show it do. */
  readonly description?: string;
}

/** What the shell does beside offering candidates: bits, as kubectl and other programs made with cobra have them. */
const DIRECTIVES = { filesToo: 0, noSpace: 2, noFiles: 4 } as const;

export interface Completion {
  readonly candidates: readonly Candidate[];
  /** The sum of DIRECTIVES. */
  readonly directive: number;
}

const FILE_VALUE = /<(?:file|path|directory)/;
const OPTION_OF_KUBECONFIG: Readonly<Record<string, 'context' | 'cluster' | 'user'>> = {
  '--context': 'context',
  '--cluster': 'cluster',
  '--user': 'user',
};

/** What may stand in place of `partial`, the word that is being typed; only what begins like it. */
export async function findCandidates(
  line: CommandLine,
  partial: string,
  entries: readonly CommandEntry[],
  cluster: ClusterValues,
): Promise<Completion> {
  if (line.unknown) return only([], partial);
  if (line.awaiting !== undefined) return optionValues(line.awaiting, partial, '', cluster);
  if (partial.startsWith('-') && !line.optionsEnded) {
    if (!partial.includes('=')) return only(optionWords(line), partial);
    const option = findOption(partial, line.options);
    const prefix = partial.slice(0, partial.indexOf('=') + 1);
    return option === undefined ? only([], partial) : optionValues(option, partial, prefix, cluster);
  }
  if (line.command === undefined) {
    return only(
      entries.filter(({ hidden }) => !hidden).map(({ name, summary }) => ({ word: name, description: summary })),
      partial,
    );
  }
  if (line.asksHelp) return only([], partial);
  if (line.command.commands.length > 0 && line.operands.length === 0) {
    const children = line.command.commands.map((child) => ({ word: child.name(), description: child.summary() }));
    const own = line.argument === undefined ? [] : choices(line.argument);
    return only([...own, ...children], partial);
  }
  return line.argument === undefined ? only([], partial) : operands(line.argument, line, partial, cluster);
}

function optionWords({ options, used }: CommandLine): Candidate[] {
  return options
    .filter((option) => !option.hidden && (takesValue(option) || !used.has(option)))
    .map(({ long, short, description }) => ({ word: long ?? short ?? '', description }));
}

async function optionValues(
  option: Option,
  partial: string,
  prefix: string,
  cluster: ClusterValues,
): Promise<Completion> {
  const kubeconfig = OPTION_OF_KUBECONFIG[option.long ?? ''];
  const values =
    option.long === '--namespace' || option.long === '--dbaudit-namespace'
      ? await cluster.namespaces()
      : kubeconfig === undefined
        ? (option.argChoices ?? [])
        : await cluster.kubeconfigNames(kubeconfig);
  const candidates = values.map((value) => ({ word: `${prefix}${value}` }));
  return only(candidates, partial, FILE_VALUE.test(option.flags) ? DIRECTIVES.filesToo : DIRECTIVES.noFiles);
}

async function operands(
  argument: Argument,
  line: CommandLine,
  partial: string,
  cluster: ClusterValues,
): Promise<Completion> {
  switch (argument.name()) {
    case 'file':
      return only([], partial, DIRECTIVES.filesToo);
    case 'code-or-key':
      return only(subjects(), partial);
    case 'type':
      return only(types(partial, ''), partial);
    case 'sink':
      return line.operands.length > 0
        ? only([], partial)
        : only(
            (await cluster.sinks()).map((word) => ({ word })),
            partial,
          );
    case 'target':
      return targets(line.operands, argument.variadic, partial, cluster);
    default:
      return only(choices(argument), partial);
  }
}

/** `TYPE/NAME`; or NAME after a first operand that is a TYPE. */
async function targets(
  given: readonly string[],
  many: boolean,
  partial: string,
  cluster: ClusterValues,
): Promise<Completion> {
  const [first] = given;
  const kind = many && first !== undefined && !first.includes('/') ? findWorkloadKind(first) : undefined;
  if (kind !== undefined)
    return only(
      (await cluster.names(kind)).map((word) => ({ word })),
      partial,
    );
  const [type = '', name] = partial.split('/');
  if (name === undefined) return only(types(partial, '/'), partial, DIRECTIVES.noSpace + DIRECTIVES.noFiles);
  const asked = findWorkloadKind(type);
  const names = asked === undefined ? [] : await cluster.names(asked);
  const candidates = names.map((found) => ({ word: `${type}/${found}` })).filter(({ word }) => !given.includes(word));
  return only(candidates, partial);
}

/** Short names and plurals only where they are what is being typed: `st` is statefulset, `sts` is itself. */
function types(partial: string, suffix: string): Candidate[] {
  const candidates = WORKLOAD_KINDS.map(({ name, type }) => ({ word: `${name}${suffix}`, description: type.kind }));
  if (candidates.some(({ word }) => word.startsWith(partial))) return candidates;
  return WORKLOAD_KINDS.flatMap(({ aliases, type }) =>
    aliases.map((alias) => ({ word: `${alias}${suffix}`, description: type.kind })),
  );
}

function subjects(): Candidate[] {
  return [
    ...Object.entries(CODES).map(([word, { title }]) => ({ word, description: title })),
    ...SETTINGS.map(({ name, meaning }) => ({ word: `${SETTING_PREFIX}${name}`, description: meaning })),
  ];
}

function choices(argument: Argument): Candidate[] {
  return (argument.argChoices ?? []).map((word) => ({ word }));
}

function takesValue(option: Option): boolean {
  return option.required || option.optional;
}

function only(candidates: readonly Candidate[], partial: string, directive: number = DIRECTIVES.noFiles): Completion {
  return { candidates: candidates.filter(({ word }) => word.startsWith(partial)), directive };
}
