import type { AlertRecord } from './alert-record.ts';
import { covers } from './calendar.ts';
import type { AlertSettings, Escalation, Route } from './settings.ts';

/** The routes that an alert takes, in order. */
export function routesOf(alert: AlertRecord, routes: readonly Route[]): readonly Route[] {
  const taken: Route[] = [];
  for (const route of routes) {
    if (!fits(alert, route)) continue;
    taken.push(route);
    if (!route.continue) break;
  }
  return taken;
}

/** By what an alert is put together with others on this route. Absent values count as empty. */
export function groupLabels(alert: AlertRecord, { groupBy }: Route): Record<string, string> {
  return Object.fromEntries(groupBy.map((name) => [name, labelOf(alert, name)]));
}

/** Why nothing is told on this route now; undefined where it is. */
export function mutedBy(route: Route, { calendars }: AlertSettings, now: number): string | undefined {
  const current = calendars.filter((calendar) => covers(calendar, now)).map(({ name }) => name);
  const muting = route.muteDuring.find((name) => current.includes(name));
  if (muting !== undefined) return `calendar ${muting}`;
  const isOpen = route.onlyDuring.length === 0 || route.onlyDuring.some((name) => current.includes(name));
  return isOpen ? undefined : `outside calendar ${route.onlyDuring.join(', ')}`;
}

/** Of the first of its routes that has one. */
export function escalationOf(alert: AlertRecord, { routes, escalations }: AlertSettings): Escalation | undefined {
  const name = routesOf(alert, routes).find(({ escalation }) => escalation !== undefined)?.escalation;
  return escalations.find((one) => one.name === name);
}

function fits(alert: AlertRecord, { levels, rules, namespaces }: Route): boolean {
  return (
    (levels?.includes(alert.level) ?? true) &&
    (rules?.some((pattern) => matches(pattern, alert.rule.id)) ?? true) &&
    (namespaces?.some((name) => alert.namespaces.includes(name)) ?? true)
  );
}

function matches(pattern: string, id: string): boolean {
  const [first = '', ...others] = pattern.split('*');
  if (others.length === 0) return pattern === id;
  if (!id.startsWith(first)) return false;
  const last = others.pop() ?? '';
  let from = first.length;
  for (const part of others) {
    const found = id.indexOf(part, from);
    if (found < 0) return false;
    from = found + part.length;
  }
  return id.length - last.length >= from && id.endsWith(last);
}

function labelOf(alert: AlertRecord, name: string): string {
  switch (name) {
    case 'rule':
      return alert.rule.id;
    case 'level':
      return alert.level;
    case 'namespace':
      // Of the first event: an alert does not change its group when it spreads.
      return alert.labels.namespace ?? '';
    default:
      return alert.group[name] ?? '';
  }
}
