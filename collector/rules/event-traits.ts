import type { Filter } from '../../contract/filter.ts';
import type { CalendarName, RuleLists } from './lists.ts';

/** The field in which the collector notes what it knows of an event beside what was seen; rules match it like any other. */
export const TRAITS_FIELD = 'dbaudit.traits';
/** The one that says that the baseline of whoever did it is not complete yet. */
export const LEARNING = 'learning';

/** What the baseline (collector/rules/baseline.ts) and the calendars note. */
export const EVENT_TRAITS = {
  'new-client': 'the account logs in from a workload that it did not come from before',
  'new-table': 'the account touches a table that it did not touch before',
  'new-fingerprint': 'the workload sends a statement whose like it did not send before',
  'unusual-volume': 'the account sends far more statements than it does at this hour',
  'dormant-account': 'the account was not used for a long time',
  [LEARNING]: 'what is usual is not known yet: rules that need it watch, but alert nobody',
  'off-hours': 'outside the calendar working_hours',
  'outside-change-window': 'outside the calendar change_window',
} as const;
export type EventTrait = keyof typeof EVENT_TRAITS;

const NEEDS: ReadonlyMap<string, CalendarName> = new Map([
  ['off-hours', 'working_hours'],
  ['outside-change-window', 'change_window'],
]);
const LEARNED: ReadonlySet<string> = new Set<EventTrait>([
  'new-client',
  'new-table',
  'new-fingerprint',
  'unusual-volume',
  'dormant-account',
]);

/** Calendars that a rule needs and that are not configured. */
export function unmetNeeds(filter: Filter, lists: RuleLists): readonly CalendarName[] {
  const needs = traitsIn(filter).flatMap((trait) => NEEDS.get(trait) ?? []);
  return [...new Set(needs)].filter((name) => lists.calendar(name) === undefined);
}

/** Whether a rule depends on what was learned. */
export function isLearned(filter: Filter): boolean {
  return traitsIn(filter).some((trait) => LEARNED.has(trait));
}

function traitsIn(filter: Filter): readonly string[] {
  if (filter.kind === 'all' || filter.kind === 'any') return filter.of.flatMap(traitsIn);
  if (filter.kind === 'not') return traitsIn(filter.filter);
  if (filter.kind !== 'is' || filter.field !== TRAITS_FIELD) return [];
  return filter.values.filter((value) => typeof value === 'string');
}
