import { UserError } from '../../contract/user-error.ts';
import { findWorkloadKind, WORKLOAD_KINDS, type WorkloadKind } from './workload-kinds.ts';

/** What the words and flags of a command select; the cluster has not been asked yet. */
export type TargetRequest =
  | { readonly by: 'name'; readonly kind: WorkloadKind; readonly name: string }
  | { readonly by: 'selection'; readonly kind: WorkloadKind; readonly labelSelector?: string };

export interface TargetFlags {
  /** `-l` */
  readonly selector?: string;
  /** `-A` */
  readonly allNamespaces?: boolean;
  /** `--all`: every object of the types named. */
  readonly all?: boolean;
  /** Types meant by flags alone (`-l app=x`); undefined: a type has to be named. */
  readonly defaultKinds?: readonly WorkloadKind[];
}

/**
 * Reads `TYPE/NAME...`, `TYPE[,TYPE] NAME...`, `TYPE -l SELECTOR` and `TYPE --all` by kubectl's rules, each target once.
 * No words and no flags give no target. Throws DBA1004.
 */
export function parseTargets(words: readonly string[], flags: TargetFlags = {}): readonly TargetRequest[] {
  const many = flags.selector !== undefined || flags.all === true;
  const named = words.some((word) => word.includes('/')) ? parseSlashed(words) : parsePlain(words);
  if (named.names.length > 0) {
    if (many) throw invalid('names cannot be given together with -l or --all', 'Give one or the other.');
    if (flags.allNamespaces && named.names.some(({ kind }) => kind.template !== undefined))
      throw invalid('an object cannot be named across all namespaces', 'Name the namespace with -n instead of -A.');
    return unique(named.names);
  }
  if (!many && !flags.allNamespaces) {
    if (words.length === 0) return [];
    throw invalid(
      `which ${words.join(' ')}?`,
      `Give a name (\`${named.kinds[0]?.name ?? 'TYPE'}/NAME\`), a selector (-l), or --all.`,
    );
  }
  const kinds = named.kinds.length > 0 ? named.kinds : flags.defaultKinds;
  if (kinds === undefined) throw invalid('a type is missing', `Types: ${typeList()}.`);
  return kinds.map((kind) => ({
    by: 'selection',
    kind,
    ...(flags.selector === undefined ? {} : { labelSelector: flags.selector }),
  }));
}

/** `deploy`, or `deploy,sts`. Throws DBA1004. */
export function parseKinds(word: string): readonly WorkloadKind[] {
  return word.split(',').map((part) => {
    const kind = findWorkloadKind(part);
    if (!kind) throw invalid(`${JSON.stringify(part)} is no type that is known here`, `Types: ${typeList()}.`);
    return kind;
  });
}

interface Words {
  readonly kinds: readonly WorkloadKind[];
  readonly names: readonly Extract<TargetRequest, { by: 'name' }>[];
}

function parseSlashed(words: readonly string[]): Words {
  const names = words.map((word) => {
    const [type = '', name = '', ...rest] = word.split('/');
    if (name === '' || type === '' || type.includes(',') || rest.length > 0)
      throw invalid(`${JSON.stringify(word)} is not TYPE/NAME`, 'Write either `TYPE/NAME...` or `TYPE NAME...`.');
    const [kind] = parseKinds(type);
    if (!kind) throw invalid(`${JSON.stringify(type)} is no type`, `Types: ${typeList()}.`);
    return { by: 'name', kind, name } as const;
  });
  return { kinds: [], names };
}

function parsePlain(words: readonly string[]): Words {
  const [types, ...names] = words;
  if (types === undefined) return { kinds: [], names: [] };
  const kinds = parseKinds(types);
  return { kinds, names: kinds.flatMap((kind) => names.map((name) => ({ by: 'name', kind, name }) as const)) };
}

function unique(names: Words['names']): Words['names'] {
  const byKey = new Map(names.map((request) => [`${request.kind.name}/${request.name}`, request]));
  return [...byKey.values()];
}

function typeList(): string {
  return WORKLOAD_KINDS.map(({ name, aliases }) => [name, ...aliases.slice(1)].join(' or ')).join(', ');
}

function invalid(message: string, nextStep: string): UserError {
  return new UserError('DBA1004', message, nextStep);
}
