import { both, type Filter } from '../../../contract/filter.ts';
import { QueryProblem } from '../../store/failure.ts';
import { unmetNeeds } from '../event-traits.ts';
import type { RuleLists } from '../lists.ts';
import type { Rule, RuleMode } from '../rule.ts';
import { readCondition } from './condition.ts';
import type { ListValues } from './condition-field.ts';
import { type Base, windowOf, withoutWindow } from './correlation.ts';
import { detectionFilter } from './detection.ts';
import {
  type CorrelationDocument,
  type DetectionDocument,
  isCorrelation,
  type ReadDocument,
  readDocuments,
} from './documents.ts';
import { readExamples } from './examples.ts';
import { groupFieldNamed } from './field-name.ts';
import { logsourceFilter } from './logsource.ts';
import { SigmaProblem } from './place.ts';

export interface ReadRule {
  readonly rule: Rule;
  /** Why it is not evaluated: what it needs is not configured. */
  readonly problem?: string;
}

/**
 * Reads one rule from YAML: a Sigma rule, or a Sigma correlation together with the rules that it refers to.
 * @throws QueryProblem with the line and what was expected there
 */
export function readRule(source: string, ruleset: Rule['ruleset'], lists: RuleLists): ReadRule {
  const documents = readDocuments(source);
  const missing = new Set<string>();
  const needed: ListValues = (name, path) => {
    const values = lists.values(name);
    if (values === undefined) throw new SigmaProblem(path, `there is no list "${name}"; name it under rules.lists`);
    if (values.length === 0) missing.add(name);
    return values;
  };
  const optional: ListValues = (name) => lists.values(name);
  const bases = new Map<string, Base>();
  for (const { content, within } of documents) {
    if (isCorrelation(content)) continue;
    const name = content.name ?? content.id ?? content.title;
    if (bases.has(name)) throw new QueryProblem(`"${name}" is there twice`);
    bases.set(
      name,
      within(() => readBase(content, needed)),
    );
  }
  const { content, within } = mainOf(documents);
  return within(() => {
    const found = isCorrelation(content)
      ? windowOf(content, bases, correlationsOf(documents))
      : withoutWindow(bases.get(content.name ?? content.id ?? content.title));
    const exceptions = exceptionsOf(content, optional);
    const [logsource] = logsourcesOf(documents);
    const groupBy = content.dbaudit.group_by?.map((name, i) => groupFieldNamed(name, ['dbaudit', 'group_by', i]));
    const id = content.name ?? content.id;
    if (id === undefined) throw new SigmaProblem([], 'expected "name", by which the rule is known');
    const { window } = found;
    const rule: Rule = {
      id,
      title: content.title,
      description: content.description.trim(),
      level: content.level,
      mode: content.dbaudit.mode ?? modeOf(content.status),
      ruleset,
      tags: content.tags,
      references: content.references,
      falsePositives: content.falsepositives,
      filter: both(found.filter, exceptions),
      ...(window === undefined
        ? {}
        : {
            window:
              window.kind === 'temporal'
                ? { ...window, steps: window.steps.map((step) => ({ ...step, filter: both(step.filter, exceptions) })) }
                : window,
          }),
      groupBy: groupBy ?? (window === undefined ? ['dbaudit.session.id'] : found.groupBy),
      examples: readExamples(content.dbaudit.examples, logsource ?? {}),
      source,
    };
    const problem = problemOf(missing, rule, lists);
    return problem === undefined ? { rule } : { rule, problem };
  });
}

function readBase(content: DetectionDocument, lists: ListValues): Base {
  const { condition, timeframe, ...rest } = content.detection;
  const items = new Map(
    Object.entries(rest).map(([name, item]) => [name, detectionFilter(item, ['detection', name], lists)]),
  );
  if (items.size === 0) throw new SigmaProblem(['detection'], 'expected what to look for beside the condition');
  const path = ['detection', 'condition'];
  const conditions = (typeof condition === 'string' ? [condition] : condition).map((text) =>
    readCondition(text, items, path),
  );
  const [first] = conditions;
  const aggregation = conditions.length === 1 ? first?.aggregation : undefined;
  const filter: Filter =
    conditions.length === 1 && first !== undefined
      ? first.filter
      : { kind: 'any', of: conditions.map((one) => one.filter) };
  const source = logsourceFilter(content.logsource, ['logsource']);
  return { filter: both(source, filter), aggregation, timeframe };
}

/** The one document that no other refers to. */
function mainOf(documents: readonly ReadDocument[]): ReadDocument {
  const referred = new Set(correlationsOf(documents).flatMap(({ correlation }) => correlation.rules));
  const free = documents.filter(
    ({ content }) =>
      ![content.name, content.id, content.title].some((name) => name !== undefined && referred.has(name)),
  );
  const [main] = free;
  if (main !== undefined && free.length === 1) return main;
  const names = new Set(documents.flatMap(({ content }) => [content.name, content.id, content.title]));
  const wrong = free.find(
    ({ content }) => isCorrelation(content) && content.correlation.rules.some((name) => !names.has(name)),
  );
  if (wrong !== undefined) return wrong;
  const titles = free.map(({ content }) => `"${content.title}"`).join(', ');
  throw new QueryProblem(
    free.length === 0
      ? 'its correlations refer to one another'
      : `one file holds one rule; these are several: ${titles}`,
  );
}

function correlationsOf(documents: readonly ReadDocument[]): readonly CorrelationDocument[] {
  return documents.map(({ content }) => content).filter((content) => isCorrelation(content));
}

function logsourcesOf(documents: readonly ReadDocument[]) {
  return documents.flatMap(({ content }) => (isCorrelation(content) ? [] : [content.logsource]));
}

function exceptionsOf(content: ReadDocument['content'], lists: ListValues): Filter | undefined {
  const { exceptions } = content.dbaudit;
  if (exceptions.length === 0) return undefined;
  const of = exceptions.map((item, index) => detectionFilter(item, ['dbaudit', 'exceptions', index], lists));
  return { kind: 'not', filter: { kind: 'any', of } };
}

/** Sigma's `experimental` may match more than it should: it is watched first. */
function modeOf(status: DetectionDocument['status']): RuleMode {
  if (status === 'deprecated' || status === 'unsupported') return 'off';
  return status === 'experimental' ? 'observe' : 'on';
}

function problemOf(missing: ReadonlySet<string>, rule: Rule, lists: RuleLists): string | undefined {
  const calendars = unmetNeeds(rule.filter, lists);
  const wants = [
    ...[...missing].map((name) => `the list "${name}" (rules.lists.${name})`),
    ...calendars.map((name) => `the calendar "${name}" (rules.calendars.${name})`),
  ];
  return wants.length === 0 ? undefined : `it needs ${wants.join(' and ')}, which is empty`;
}
