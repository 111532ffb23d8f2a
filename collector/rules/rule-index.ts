import type { AuditEvent } from '../../contract/audit-event.ts';
import { EVERYTHING, type Filter, NOTHING } from '../../contract/filter.ts';
import { compileMatcher, type Matcher } from '../query/matcher.ts';
import { TRAITS_FIELD } from './event-traits.ts';
import { ResidueCompiler } from './residue.ts';
import type { Rule } from './rule.ts';

/** Fields with few values, on which most rules depend: events that agree in them are matched by the same, shorter filters. */
const KEY_FIELDS: ReadonlySet<string> = new Set([
  'event.action',
  'event.outcome',
  'db.system.name',
  'db.operation.name',
  'dbaudit.statement.class',
  'kubernetes.audit.verb',
  'kubernetes.audit.objectRef.resource',
  'kubernetes.audit.objectRef.subresource',
  TRAITS_FIELD,
]);

/**
 * Combinations of their values that are remembered. A busy day has some hundred; the rest is somebody who makes up commands,
 * whose events are matched by their action alone.
 */
const MAX_KEYS = 2_000;

export interface Candidate<T> {
  readonly subject: T;
  readonly matches: Matcher;
}

interface Entry<T> {
  readonly subject: T;
  readonly filter: Filter;
  /** What of the filter is left to ask once the key is known, by its text: few are different. */
  readonly residues: Map<string, Matcher>;
}

/** Says which rules an event may match, and what is left to ask. */
export class RuleIndex<T> {
  readonly #entries: readonly Entry<T>[];
  readonly #compiler = new ResidueCompiler();
  readonly #byKey = new Map<string, readonly Candidate<T>[]>();
  readonly #byAction = new Map<string, readonly Candidate<T>[]>();

  constructor(subjects: readonly T[], ruleOf: (subject: T) => Rule) {
    this.#entries = subjects.map((subject) => ({ subject, filter: ruleOf(subject).filter, residues: new Map() }));
  }

  candidates(event: AuditEvent): readonly Candidate<T>[] {
    const key = keyOf(event);
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    if (this.#byKey.size >= MAX_KEYS) return this.#candidatesByAction(event);
    const made = this.#make(event, KEY_FIELDS);
    this.#byKey.set(key, made);
    return made;
  }

  #candidatesByAction(event: AuditEvent): readonly Candidate<T>[] {
    const known = this.#byAction.get(event.event.action);
    if (known !== undefined) return known;
    const made = this.#make(event, new Set(['event.action']));
    this.#byAction.set(event.event.action, made);
    return made;
  }

  #make(event: AuditEvent, fields: ReadonlySet<string>): readonly Candidate<T>[] {
    return this.#entries.flatMap(({ subject, filter, residues }) => {
      const residue = simplified(filter, event, fields);
      if (isNothing(residue)) return [];
      const text = JSON.stringify(residue);
      const matches = residues.get(text) ?? this.#compiler.compile(residue);
      residues.set(text, matches);
      return [{ subject, matches }];
    });
  }
}

/** What is left of a filter for events that have the same as this one in `fields`. */
function simplified(filter: Filter, event: AuditEvent, fields: ReadonlySet<string>): Filter {
  switch (filter.kind) {
    case 'all': {
      const of = filter.of.map((part) => simplified(part, event, fields)).filter((part) => !isEverything(part));
      return of.some(isNothing) ? NOTHING : (only(of) ?? { kind: 'all', of });
    }
    case 'any': {
      const of = filter.of.map((part) => simplified(part, event, fields)).filter((part) => !isNothing(part));
      return of.some(isEverything) ? EVERYTHING : (only(of) ?? { kind: 'any', of });
    }
    case 'not': {
      const part = simplified(filter.filter, event, fields);
      if (isNothing(part)) return EVERYTHING;
      return isEverything(part) ? NOTHING : { kind: 'not', filter: part };
    }
    case 'words':
      return filter;
    default:
      if (!fields.has(filter.field)) return filter;
      return leafMatcher(filter)(event) ? EVERYTHING : NOTHING;
  }
}

/** Each is asked for every new key; compiling it takes longer than asking it. */
const leafMatchers = new WeakMap<Filter, Matcher>();

function leafMatcher(filter: Filter): Matcher {
  const matches = leafMatchers.get(filter) ?? compileMatcher(filter);
  leafMatchers.set(filter, matches);
  return matches;
}

function only(filters: readonly Filter[]): Filter | undefined {
  return filters.length === 1 ? filters[0] : undefined;
}

function isEverything(filter: Filter): boolean {
  return filter.kind === 'all' && filter.of.length === 0;
}

function isNothing(filter: Filter): boolean {
  return filter.kind === 'any' && filter.of.length === 0;
}

/** Values that anyone may have written stand with their length, so that no two keys are the same by accident or intent. */
function keyOf({ event, db, dbaudit, kubernetes }: AuditEvent): string {
  const key = `${event.action} ${event.outcome} ${dbaudit.statement?.class ?? ''} ${sized(db?.system.name)}${sized(db?.operation?.name)}`;
  const traits = dbaudit.traits;
  const whole = traits === undefined ? key : `${key} ${traits.map(sized).join('')}`;
  const audit = kubernetes?.audit;
  if (audit === undefined) return whole;
  return `${whole} ${sized(audit.verb)}${sized(audit.objectRef?.resource)}${sized(audit.objectRef?.subresource)}`;
}

function sized(text: string | undefined): string {
  return text === undefined ? '-' : `${text.length}:${text}`;
}
