import type { NotificationGroup } from './alert-database.ts';
import type { AlertRecord } from './alert-record.ts';
import type { DeskContext } from './desk-context.ts';
import type { Draft } from './draft.ts';
import { onCall, type Person } from './rota.ts';
import { escalationOf, groupLabels, mutedBy, routesOf } from './routing.ts';
import type { Route } from './settings.ts';
import { type Suppression, suppression } from './suppression.ts';

const SECOND_MILLIS = 1000;
const MINUTE_MILLIS = 60_000;

/** Puts an open alert where its routes will find it. Nothing is changed where it is there. */
export function enlist(draft: Draft, { settings }: DeskContext, alert: AlertRecord): void {
  const routes = routesOf(alert, settings.routes);
  if (routes.length === 0 && alert.history.length <= 1) {
    draft.note(alert, { what: 'not-notified', text: 'no route takes it' });
  }
  for (const route of routes) {
    const labels = groupLabels(alert, route);
    const key = JSON.stringify([route.name, labels]);
    const group = draft.group(key) ?? {
      key,
      route: route.name,
      labels,
      dueAt: draft.now + route.groupWaitSeconds * SECOND_MILLIS,
      waiting: [],
      told: [],
    };
    if (group.waiting.includes(alert.id) || group.told.includes(alert.id)) continue;
    draft.putGroup({ ...group, waiting: [...group.waiting, alert.id] });
  }
}

/**
 * An alert is over. Where nobody was told of it, and nobody may be told now, it is taken from the list, and its history says
 * why; the end of a silenced alert is not told either.
 * @param reason why it is suppressed, were it open
 */
export function strike(draft: Draft, { settings }: DeskContext, alert: AlertRecord, reason: string | undefined): void {
  const reasons = new Set<string>();
  for (const group of draft.allGroups()) {
    const isWaiting = group.waiting.includes(alert.id);
    const isTold = group.told.includes(alert.id);
    if (!isWaiting && !isTold) continue;
    const route = settings.routes.find(({ name }) => name === group.route);
    const muted = route === undefined ? 'its route is gone' : mutedBy(route, settings, draft.now);
    // What was told of before a calendar's time is told to be over after it.
    const why = reason ?? (isWaiting ? muted : undefined);
    if (why === undefined) continue;
    if (isWaiting) reasons.add(why);
    draft.putGroup({
      ...group,
      waiting: group.waiting.filter((id) => id !== alert.id),
      told: group.told.filter((id) => id !== alert.id),
    });
  }
  if (reasons.size > 0) draft.note(alert, { what: 'not-notified', text: [...reasons].join('; ') });
}

/** Orders the messages that are due. */
export function notify(draft: Draft, context: DeskContext): void {
  const why = suppression(draft, context);
  for (const group of draft.allGroups()) {
    if (group.dueAt > draft.now) continue;
    const route = context.settings.routes.find(({ name }) => name === group.route);
    if (route === undefined) draft.putGroup({ ...group, waiting: [], told: [] });
    else if (mutedBy(route, context.settings, draft.now) !== undefined) postpone(draft, group, route);
    else notifyGroup(draft, context, group, route, why);
  }
}

/** Who was told and does not answer: the next ones are. */
export function escalate(draft: Draft, context: DeskContext): void {
  const why = suppression(draft, context);
  const { settings, ids } = context;
  for (const alert of [...draft.openAlerts()]) {
    if (alert.state !== 'firing' || alert.notifiedAt === undefined) continue;
    const step = escalationOf(alert, settings)?.steps[alert.escalation];
    if (step === undefined || draft.now - alert.notifiedAt < step.afterMinutes * MINUTE_MILLIS) continue;
    if (why(alert) !== undefined) continue;
    const rota = settings.rotas.find(({ name }) => name === step.rota);
    const person = rota === undefined ? undefined : onCall(rota, draft.now);
    const channels = [...new Set([...step.channels, ...(person?.channels ?? [])])];
    const people = person === undefined ? [] : [person];
    order(draft, ids.next(draft.now), 'escalation', channels, [alert.id], people);
    const told = [...people.map(({ name }) => name), ...channels].join(', ');
    draft.note({ ...alert, escalation: alert.escalation + 1 }, { what: 'escalated', text: told });
  }
}

function notifyGroup(
  draft: Draft,
  context: DeskContext,
  group: NotificationGroup,
  route: Route,
  why: Suppression,
): void {
  const waiting = known(draft, group.waiting);
  const told = known(draft, group.told);
  const held = waiting.filter((alert) => alert.state !== 'resolved' && why(alert) !== undefined);
  const heldIds = new Set(held.map(({ id }) => id));
  const fresh = waiting.filter((alert) => !heldIds.has(alert.id));
  const ended = told.filter(({ state }) => state === 'resolved');
  const repeatDue = draft.now - (group.toldAt ?? draft.now) >= route.repeatIntervalSeconds * SECOND_MILLIS;
  const again = repeatDue ? told.filter((alert) => alert.state === 'firing' && why(alert) === undefined) : [];
  const inMessage = [...fresh, ...again, ...(route.sendResolved ? ended : [])];
  const open = [...told, ...fresh].filter(({ state }) => state !== 'resolved').map(({ id }) => id);
  if (inMessage.length === 0) {
    postpone(draft, { ...group, waiting: held.map(({ id }) => id), told: open }, route);
    return;
  }
  const ids = inMessage.map(({ id }) => id);
  order(draft, context.ids.next(draft.now), 'alerts', route.channels, ids, []);
  const text = route.channels.join(', ');
  for (const alert of inMessage) {
    draft.note({ ...alert, notifiedAt: alert.notifiedAt ?? draft.now }, { what: 'notified', text });
  }
  postpone(draft, { ...group, waiting: held.map(({ id }) => id), told: open, toldAt: draft.now }, route);
}

function postpone(draft: Draft, group: NotificationGroup, route: Route): void {
  draft.putGroup({ ...group, dueAt: draft.now + route.groupIntervalSeconds * SECOND_MILLIS });
}

function order(
  draft: Draft,
  id: string,
  kind: 'alerts' | 'escalation',
  channels: readonly string[],
  alerts: readonly string[],
  people: readonly Person[],
): void {
  const addressed = people.map(({ name, mentions }) => ({ name, mentions }));
  for (const channel of channels) {
    draft.orders.push({ id, channel, at: draft.now, kind, alerts, people: addressed });
  }
}

function known(draft: Draft, ids: readonly string[]): AlertRecord[] {
  return ids.map((id) => draft.alert(id)).filter((alert) => alert !== undefined);
}
