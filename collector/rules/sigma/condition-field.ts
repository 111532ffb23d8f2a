import type { EventField } from '../../../contract/event-fields.ts';
import type { Filter, Scalar } from '../../../contract/filter.ts';
import { checkFilter } from '../../query/checked-filter.ts';
import { QueryProblem } from '../../store/failure.ts';
import { fieldNamed } from './field-name.ts';
import { type Path, SigmaProblem } from './place.ts';
import { around, likeOf, literalOf, readPattern } from './text-pattern.ts';

export type SigmaValue = Scalar | null;

/** The values of a list that configuration names; undefined: there is none, or it is empty. */
export type ListValues = (name: string, path: Path) => readonly string[] | undefined;

/** How values are compared; a rule names at most one. Others change how: `all`, `cased`, `i`, `m`, `s`, `expand`. */
const COMPARISONS = ['contains', 'startswith', 'endswith', 're', 'cidr', 'gt', 'gte', 'lt', 'lte', 'exists'] as const;
type Comparison = (typeof COMPARISONS)[number];
const CHANGES = ['all', 'cased', 'i', 'm', 's', 'expand'] as const;
const BOUNDS = { gt: 'over', gte: 'from', lt: 'below', lte: 'to' } as const;
const LIST_NAME = /^%([a-z0-9_]+)%$/;

interface Modifiers {
  readonly comparison: Comparison | undefined;
  readonly changes: ReadonlySet<string>;
}

/** `field|modifier: value`, or a list of values of which one must match, or with `all` each. */
export function fieldFilter(key: string, given: readonly SigmaValue[], path: Path, lists: ListValues): Filter {
  const [name = '', ...words] = key.split('|');
  const field = fieldNamed(name, path);
  const modifiers = readModifiers(words, path);
  const values = modifiers.changes.has('expand') ? expand(given, path, lists) : given;
  const of = values.map((value) => checked(valueFilter(field, modifiers, value, path), path));
  if (modifiers.changes.has('all')) return { kind: 'all', of };
  return of.length === 1 && of[0] !== undefined ? of[0] : { kind: 'any', of: merged(of) };
}

/** What no form can be made of is said here, where its line is known. */
function checked(filter: Filter, path: Path): Filter {
  try {
    checkFilter(filter);
    return filter;
  } catch (error) {
    if (error instanceof QueryProblem) throw new SigmaProblem(path, error.message);
    throw error;
  }
}

function readModifiers(words: readonly string[], path: Path): Modifiers {
  const comparisons = COMPARISONS.filter((comparison) => words.includes(comparison));
  const unknown = words.find((word) => ![...COMPARISONS, ...CHANGES].some((known) => known === word));
  if (unknown !== undefined) {
    const known = [...COMPARISONS, ...CHANGES].join(', ');
    throw new SigmaProblem(path, `the modifier "${unknown}" is not known here; those known are ${known}`);
  }
  if (comparisons.length > 1) throw new SigmaProblem(path, `"${comparisons.join('" and "')}" exclude each other`);
  return { comparison: comparisons[0], changes: new Set(words) };
}

function expand(given: readonly SigmaValue[], path: Path, lists: ListValues): readonly SigmaValue[] {
  return given.flatMap((value) => {
    const name = typeof value === 'string' ? LIST_NAME.exec(value)?.[1] : undefined;
    if (name === undefined)
      throw new SigmaProblem(path, `expand takes the name of a list, such as "%sensitive_tables%"`);
    return lists(name, path) ?? [];
  });
}

function valueFilter(field: EventField, modifiers: Modifiers, value: SigmaValue, path: Path): Filter {
  const { comparison } = modifiers;
  if (comparison === 'exists') return existence(field, value, path);
  if (value === null) return { kind: 'not', filter: { kind: 'exists', field: field.name } };
  if (field.type === 'map')
    throw new SigmaProblem(path, `"${field.name}" has names; say which, as in "${field.name}.0"`);
  switch (comparison) {
    case 're':
      return expression(field, modifiers, value, path);
    case 'cidr':
      return { kind: 'within', field: field.name, range: textOf(field, value, path) };
    case 'gt':
    case 'gte':
    case 'lt':
    case 'lte':
      return { kind: 'range', field: field.name, [BOUNDS[comparison]]: boundOf(field, value, path) };
    default:
      return plain(field, modifiers, value, path);
  }
}

function existence(field: EventField, value: SigmaValue, path: Path): Filter {
  if (typeof value !== 'boolean') throw new SigmaProblem(path, 'exists takes true or false');
  const exists: Filter = { kind: 'exists', field: field.name };
  return value ? exists : { kind: 'not', filter: exists };
}

function expression(field: EventField, { changes }: Modifiers, value: SigmaValue, path: Path): Filter {
  const text = textOf(field, value, path);
  const flags = ['m', 's'].filter((flag) => changes.has(flag)).join('');
  const whole = flags === '' ? text : `(?${flags}:${text})`;
  const ignoreCase = changes.has('i') ? { ignoreCase: true } : {};
  return { kind: 'matches', field: field.name, expression: whole, ...ignoreCase };
}

function plain(field: EventField, { comparison, changes }: Modifiers, value: SigmaValue, path: Path): Filter {
  const ignoreCase = changes.has('cased') ? {} : { ignoreCase: true };
  if (field.type === 'integer' || field.type === 'number' || field.type === 'boolean' || field.type === 'time') {
    if (comparison !== undefined) {
      throw new SigmaProblem(path, `"${comparison}" is for texts; "${field.name}" is of type ${field.type}`);
    }
    return { kind: 'is', field: field.name, values: [typedOf(field, value, path)] };
  }
  const before = comparison === 'contains' || comparison === 'endswith';
  const after = comparison === 'contains' || comparison === 'startswith';
  const pattern = around(readPattern(textOf(field, value, path)), before, after);
  const literal = literalOf(pattern);
  return literal === undefined
    ? { kind: 'like', field: field.name, pattern: likeOf(pattern), ...ignoreCase }
    : { kind: 'is', field: field.name, values: [literal], ...ignoreCase };
}

function textOf(field: EventField, value: SigmaValue, path: Path): string {
  if (field.type === 'text' || field.type === 'names' || field.type === 'address') return String(value);
  throw new SigmaProblem(path, `"${field.name}" is of type ${field.type}, not a text`);
}

function typedOf(field: EventField, value: SigmaValue, path: Path): Scalar {
  const expected = field.type === 'boolean' ? 'boolean' : field.type === 'time' ? 'string' : 'number';
  if (value !== null && typeof value === expected) return value;
  throw new SigmaProblem(path, `"${field.name}" is of type ${field.type}; this is ${JSON.stringify(value)}`);
}

function boundOf(field: EventField, value: SigmaValue, path: Path): number | string {
  const typed = typedOf(field, value, path);
  if (typeof typed !== 'boolean') return typed;
  throw new SigmaProblem(path, `"${field.name}" has no order`);
}

/** Values of one field that are compared alike are one set: a set is looked up, not walked. */
function merged(of: readonly Filter[]): readonly Filter[] {
  const sets = new Map<string, Extract<Filter, { kind: 'is' }>>();
  const others: Filter[] = [];
  for (const filter of of) {
    if (filter.kind !== 'is') {
      others.push(filter);
      continue;
    }
    const key = `${filter.ignoreCase}`;
    const known = sets.get(key);
    sets.set(key, known === undefined ? filter : { ...known, values: [...known.values, ...filter.values] });
  }
  return [...sets.values(), ...others];
}
