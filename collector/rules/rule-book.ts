import { join } from 'node:path';
import * as z from 'zod';
import type { AuditEvent } from '../../contract/audit-event.ts';
import type { RuleAnswer, RuleTestAnswer } from '../../contract/collector-api.ts';
import type { Filter } from '../../contract/filter.ts';
import { wordsOf } from '../../delivery/system-error.ts';
import type { RuleBook } from '../api/services.ts';
import type { TimeRange } from '../store/event-store.ts';
import { QueryProblem } from '../store/failure.ts';
import { Baseline, baselineSchema, DEFAULT_LEARNING_DAYS } from './baseline.ts';
import { calendarTraits } from './calendar.ts';
import { isLearned, LEARNING } from './event-traits.ts';
import { type History, testOnHistory } from './history.ts';
import type { RuleLists } from './lists.ts';
import type { Detection, Rule, RuleMode } from './rule.ts';
import { RuleFiles, readIfThere, replaceFile } from './rule-files.ts';
import { readRule } from './sigma/rule-of.ts';
import { RuleStream, type StreamCounters } from './stream.ts';

/** Each costs every event a little; a team that writes more has a tool of its own for it. */
const MAX_CUSTOM_RULES = 200;
const BUILTIN_DIRECTORY = join(import.meta.dirname, 'builtin');

const modesSchema = z.record(
  z.string(),
  z.strictObject({ mode: z.enum(['on', 'observe', 'off']), by: z.string(), at: z.int() }),
);
type Modes = z.infer<typeof modesSchema>;

export interface RuleBookOptions {
  /** Holds custom rules, modes and what was learned. */
  readonly directory: string;
  readonly lists: RuleLists;
  readonly history: History;
  readonly learningDays?: number;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

/** A rule as it was read, or why it could not be. */
interface Entry {
  readonly id: string;
  readonly ruleset: Rule['ruleset'];
  readonly source: string;
  readonly rule: Rule | undefined;
  readonly problem: string | undefined;
  detections: number;
}

/** Never throws for what is in a file: that is shown beside the rule. */
export function openRuleBook(options: RuleBookOptions): KeptRuleBook {
  return new KeptRuleBook(options);
}

/** All rules, which of them are on, and what they find. */
export class KeptRuleBook implements RuleBook {
  readonly #options: RuleBookOptions;
  readonly #files: RuleFiles;
  readonly #entries = new Map<string, Entry>();
  readonly #stream = new RuleStream([]);
  readonly #baseline: Baseline;
  readonly #calendarTraits: ReturnType<typeof calendarTraits>;
  #modes: Modes;
  /** What of the files in `directory` could not be read, in words. */
  readonly problems: readonly string[];

  constructor(options: RuleBookOptions) {
    const problems: string[] = [];
    this.#options = options;
    this.#files = new RuleFiles(join(options.directory, 'custom'));
    this.#modes = readState(this.#path('modes'), modesSchema, problems) ?? {};
    const learned = readState(this.#path('baseline'), baselineSchema, problems);
    this.#baseline = new Baseline(options.learningDays ?? DEFAULT_LEARNING_DAYS, learned);
    this.#calendarTraits = calendarTraits(options.lists);
    for (const [id, source] of new RuleFiles(BUILTIN_DIRECTORY).read()) this.#add(id, source, 'builtin');
    for (const [id, source] of this.#files.read()) {
      if (this.#entries.has(id)) problems.push(`the rule ${id} is left out: a built-in one has this name`);
      else this.#add(id, source, 'custom');
    }
    this.problems = problems;
    this.#apply();
  }

  /** Notes on an event what is unusual about it. To be run before the event is kept, so that rules and searches see it. */
  readonly enrich = (event: AuditEvent): AuditEvent => {
    if (!event.event.action.startsWith('db.')) return event;
    const millis = Date.parse(event['@timestamp'].slice(0, 23).concat('Z'));
    const traits = [...this.#baseline.see(event, millis), ...this.#calendarTraits(millis)];
    if (traits.length === 0) return event;
    const all = [...new Set([...(event.dbaudit.traits ?? []), ...traits])];
    return { ...event, dbaudit: { ...event.dbaudit, traits: all } };
  };

  /** Detections that somebody shall know of; those of rules in `observe`, and of what is still being learned, are counted alone. */
  see(events: readonly AuditEvent[]): Detection[] {
    return this.#stream.see(events).filter((detection) => {
      const entry = this.#entries.get(detection.rule.id);
      if (entry === undefined) return false;
      entry.detections += 1;
      return this.#modeOf(entry) === 'on' && !isLearning(detection);
    });
  }

  counters(): StreamCounters {
    return this.#stream.counters();
  }

  list(): readonly RuleAnswer[] {
    return [...this.#entries.values()].map((entry) => this.#answerOf(entry));
  }

  change(id: string, mode: RuleMode, who: string): RuleAnswer | undefined {
    const entry = this.#entries.get(id);
    if (entry === undefined) return undefined;
    this.#keepModes({ ...this.#modes, [id]: { mode, by: who, at: this.#now() } });
    this.#apply();
    return this.#answerOf(entry);
  }

  put(source: string, who: string): RuleAnswer {
    const { rule } = readRule(source, 'custom', this.#options.lists);
    const before = this.#entries.get(rule.id);
    if (before?.ruleset === 'builtin') throw new QueryProblem(`"${rule.id}" is a built-in rule; choose another name`);
    if (before === undefined && this.#customRules() >= MAX_CUSTOM_RULES) {
      throw new QueryProblem(`there are ${MAX_CUSTOM_RULES} rules already; remove one first`);
    }
    this.#files.write(rule.id, source);
    this.#keepModes({ ...this.#modes, [rule.id]: { mode: rule.mode, by: who, at: this.#now() } });
    const entry = this.#add(rule.id, source, 'custom');
    this.#apply();
    return this.#answerOf(entry);
  }

  remove(id: string, _who: string): boolean {
    if (this.#entries.get(id)?.ruleset !== 'custom') return false;
    this.#files.remove(id);
    this.#entries.delete(id);
    const { [id]: _, ...modes } = this.#modes;
    this.#keepModes(modes);
    this.#apply();
    return true;
  }

  async test(
    request: { readonly id?: string; readonly source?: string; readonly range: TimeRange; readonly limit: number },
    filter: Filter,
    signal: AbortSignal,
  ): Promise<RuleTestAnswer> {
    const { range, limit } = request;
    const rule = this.#ruleToTest(request);
    const answer = await testOnHistory(rule, this.#options.history, { range, filter, limit }, signal);
    const detections = answer.detections.map(({ at, group, count, events }) => ({
      at,
      group,
      count,
      events: [...events],
    }));
    return { detections, total: answer.total, matched: answer.matched };
  }

  /** Keeps what was learned. To be called now and again, and at the end: what was learned since is learned again. */
  save(): void {
    replaceFile(this.#path('baseline'), JSON.stringify(this.#baseline));
  }

  #ruleToTest({ id, source }: { readonly id?: string; readonly source?: string }): Rule {
    if (source !== undefined) {
      const { rule, problem } = readRule(source, 'custom', this.#options.lists);
      if (problem !== undefined) throw new QueryProblem(problem);
      return rule;
    }
    if (id === undefined) throw new QueryProblem('name a rule by its id, or give its source');
    const entry = this.#entries.get(id);
    if (entry === undefined) throw new QueryProblem(`there is no rule "${id}"`);
    if (entry.rule === undefined || entry.problem !== undefined) throw new QueryProblem(entry.problem ?? 'not valid');
    return entry.rule;
  }

  #add(id: string, source: string, ruleset: Rule['ruleset']): Entry {
    const detections = this.#entries.get(id)?.detections ?? 0;
    const entry: Entry = {
      id,
      source,
      ruleset,
      detections,
      ...readOrExplain(id, source, ruleset, this.#options.lists),
    };
    this.#entries.set(id, entry);
    return entry;
  }

  #apply(): void {
    const rules = [...this.#entries.values()].flatMap((entry) =>
      entry.rule !== undefined && entry.problem === undefined && this.#modeOf(entry) !== 'off' ? [entry.rule] : [],
    );
    this.#stream.replace(rules);
  }

  #modeOf({ id, rule }: Entry): RuleMode {
    return this.#modes[id]?.mode ?? rule?.mode ?? 'off';
  }

  #customRules(): number {
    return [...this.#entries.values()].filter(({ ruleset }) => ruleset === 'custom').length;
  }

  #keepModes(modes: Modes): void {
    replaceFile(this.#path('modes'), JSON.stringify(modes));
    this.#modes = modes;
  }

  #answerOf(entry: Entry): RuleAnswer {
    const { id, ruleset, source, rule, problem, detections } = entry;
    return {
      id,
      title: rule?.title ?? id,
      description: rule?.description ?? '',
      level: rule?.level ?? 'medium',
      mode: this.#modeOf(entry),
      ruleset,
      tags: [...(rule?.tags ?? [])],
      groupBy: [...(rule?.groupBy ?? [])],
      source,
      detections,
      ...(problem === undefined ? {} : { problem }),
    };
  }

  #path(name: string): string {
    return join(this.#options.directory, `${name}.json`);
  }

  #now(): number {
    return (this.#options.now ?? Date.now)();
  }
}

function readOrExplain(id: string, source: string, ruleset: Rule['ruleset'], lists: RuleLists) {
  try {
    const { rule, problem } = readRule(source, ruleset, lists);
    if (rule.id === id) return { rule, problem };
    return { rule: undefined, problem: `its name is "${rule.id}", its file's is "${id}": they must be the same` };
  } catch (error) {
    return { rule: undefined, problem: wordsOf(error) };
  }
}

/** A file that is damaged is left where it is, and said; what it held begins anew. */
function readState<T>(path: string, schema: z.ZodType<T>, problems: string[]): T | undefined {
  const text = readIfThere(path);
  if (text === undefined) return undefined;
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    problems.push(`${path} is not valid and is begun anew: ${wordsOf(error).slice(0, 200)}`);
    return undefined;
  }
}

/** What completed it is new only because what is usual is not known yet. */
function isLearning({ rule, events }: Detection): boolean {
  return isLearned(rule.filter) && events.at(-1)?.dbaudit.traits?.includes(LEARNING) === true;
}
