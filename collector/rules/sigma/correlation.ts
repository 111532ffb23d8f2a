import { both, type Filter } from '../../../contract/filter.ts';
import type { Window } from '../rule.ts';
import type { Aggregation } from './condition.ts';
import type { CorrelationDocument } from './documents.ts';
import { fieldNamed, groupFieldNamed } from './field-name.ts';
import { SigmaProblem } from './place.ts';

/** What a detection document says, before anything is counted. */
export interface Base {
  readonly filter: Filter;
  readonly aggregation: Aggregation | undefined;
  readonly timeframe: number | undefined;
}

/** What a rule counts, and of which events. */
export interface Counted {
  readonly filter: Filter;
  readonly window?: Window;
  readonly groupBy: readonly string[];
}

/** Sigma 1 may count within the rule itself: `timeframe` and a condition with `| count() by …`. */
export function withoutWindow(base: Base | undefined): Counted {
  if (base === undefined) throw new SigmaProblem([], 'expected "name", by which the rule is known');
  const { filter, aggregation, timeframe } = base;
  if (aggregation === undefined) return { filter, groupBy: [] };
  const path = ['detection', 'condition'];
  if (timeframe === undefined) throw new SigmaProblem(['detection'], 'counting needs "timeframe", such as 5m');
  const { operator, value, measure, field } = aggregation;
  if (operator !== '>' && operator !== '>=') throw new SigmaProblem(path, `"${operator}" cannot be counted to; use >=`);
  if (measure === 'sum' && field === undefined) throw new SigmaProblem(path, 'sum needs a field');
  const kind = field === undefined ? 'count' : measure === 'sum' ? 'sum' : 'distinct';
  const groupBy = aggregation.groupBy.map((name) => groupFieldNamed(name, path));
  const atLeast = operator === '>' ? value + 1 : value;
  return counted(kind, { filter, groupBy, field, atLeast, timespanSeconds: timeframe }, path);
}

/** Reads a correlation. https://sigmahq.io/sigma-specification/specification/sigma-correlation-rules-specification.html */
export function windowOf(
  document: CorrelationDocument,
  bases: ReadonlyMap<string, Base>,
  others: readonly CorrelationDocument[],
): Counted {
  const { correlation } = document;
  const { type, condition } = correlation;
  const steps = correlation.rules.map((name, index) => stepOf(name, ['correlation', 'rules', index], bases, others));
  const filter: Filter =
    steps.length === 1 && steps[0] ? steps[0].filter : { kind: 'any', of: steps.map((step) => step.filter) };
  const timespanSeconds = correlation.timespan;
  if (type === 'temporal' || type === 'temporal_ordered') {
    if (steps.length < 2) throw new SigmaProblem(['correlation', 'rules'], 'expected at least two rules');
    const groups = steps.map((step) => groupOf(document, step.rule));
    return {
      filter,
      groupBy: groups[0] ?? [],
      window: {
        kind: 'temporal',
        timespanSeconds,
        ordered: type === 'temporal_ordered',
        steps: steps.map((step, index) => ({ ...step, groupBy: groups[index] ?? [] })),
      },
    };
  }
  const path = ['correlation', 'condition'];
  const atLeast = condition?.gte ?? (condition?.gt === undefined ? undefined : condition.gt + 1);
  if (atLeast === undefined) throw new SigmaProblem(path, 'expected how many: gte');
  if (type !== 'event_count' && condition?.field === undefined) throw new SigmaProblem(path, `${type} needs "field"`);
  const kind = type === 'event_count' ? 'count' : type === 'value_sum' ? 'sum' : 'distinct';
  const groupBy = groupOf(document, steps[0]?.rule ?? '');
  return counted(kind, { filter, groupBy, field: condition?.field, atLeast, timespanSeconds }, path);
}

interface Counting {
  readonly filter: Filter;
  readonly groupBy: readonly string[];
  readonly field: string | undefined;
  readonly atLeast: number;
  readonly timespanSeconds: number;
}

/** An event without the field that is counted, or added up, does not count. */
function counted(kind: 'count' | 'sum' | 'distinct', given: Counting, path: readonly string[]): Counted {
  const { filter, groupBy, atLeast, timespanSeconds } = given;
  if (kind === 'count') return { filter, groupBy, window: { kind, timespanSeconds, atLeast } };
  const { name, type } = fieldNamed(given.field ?? '', path);
  if (kind === 'sum' && type !== 'integer')
    throw new SigmaProblem(path, `"${name}" cannot be added up: it is a ${type}`);
  if (kind === 'distinct') groupFieldNamed(name, path);
  return {
    filter: both(filter, { kind: 'exists', field: name }),
    groupBy,
    window: { kind, timespanSeconds, field: name, atLeast },
  };
}

/** A rule that a correlation refers to: a detection, or a count of one, of which as many must occur. */
function stepOf(
  name: string,
  path: readonly (string | number)[],
  bases: ReadonlyMap<string, Base>,
  others: readonly CorrelationDocument[],
): { readonly rule: string; readonly filter: Filter; readonly atLeast?: number } {
  const base = bases.get(name);
  if (base !== undefined) return { rule: name, filter: base.filter };
  const other = others.find((candidate) => candidate.name === name || candidate.id === name);
  const [referred] = other?.correlation.rules ?? [];
  const counts = other?.correlation.type === 'event_count' ? bases.get(referred ?? '') : undefined;
  if (other === undefined || counts === undefined) {
    throw new SigmaProblem(
      path,
      `there is no rule "${name}" in this file; a correlation holds the rules that it refers to`,
    );
  }
  const { gte, gt } = other.correlation.condition ?? {};
  return { rule: name, filter: counts.filter, atLeast: gte ?? (gt ?? 0) + 1 };
}

/** An alias stands for a field that each rule calls by another name. */
function groupOf({ correlation }: CorrelationDocument, rule: string): readonly string[] {
  return correlation['group-by'].map((name, index) => {
    const own = correlation.aliases[name]?.[rule];
    const path = own === undefined ? ['correlation', 'group-by', index] : ['correlation', 'aliases', name, rule];
    return groupFieldNamed(own ?? name, path);
  });
}
