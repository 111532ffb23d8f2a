import { createHash } from 'node:crypto';
import * as z from 'zod';
import type { AuditEvent } from '../../contract/audit-event.ts';
import { eventField } from '../../contract/event-fields.ts';
import type { Detection } from '../rules/rule.ts';
import type { Alert, AlertStep } from './alert.ts';
import { factsSchema, learn, NO_FACTS, oneLine, partiesOf } from './facts.ts';
import { LEVELS } from './levels.ts';
import { summarize, summarizeFlood } from './summary.ts';

/** Ids to look at; the others are found by the alert's group and time. */
const MAX_EVENT_IDS = 10;
/** The first and the last ones; an alert that nobody looks at for weeks is repeated some hundred times. */
const MAX_STEPS = 100;
/** Sessions and clients that inhibition looks at; an alert of more is about something else than one client. */
const MAX_PARTIES = 50;
const MAX_NAMESPACES = 50;
/** As events have it for an object that is in none. */
export const NO_NAMESPACE = '-';

const step = z.object({
  at: z.number(),
  what: z.enum([
    'raised',
    'acknowledged',
    'assigned',
    'commented',
    'escalated',
    'silenced',
    'resolved',
    'notified',
    'not-notified',
  ]),
  who: z.string().exactOptional(),
  text: z.string().exactOptional(),
});

const texts = z.array(z.string()).readonly();

/** An alert with what the desk alone knows of it. Times are milliseconds since 1970. */
export const alertRecordSchema = z.object({
  id: z.string(),
  /** Of rule and group: at most one open alert has it. */
  key: z.string(),
  /** `flood`: it stands for all groups beyond the bound of its rule. */
  kind: z.enum(['group', 'flood']),
  rule: z.object({ id: z.string(), title: z.string(), ruleset: z.string() }),
  level: z.enum(LEVELS),
  state: z.enum(['firing', 'acknowledged', 'resolved']),
  /** Literals are not in it: `?` stands for them. */
  group: z.record(z.string(), z.string()),
  /** Of the first and the last event; never after the desk's own time. */
  startedAt: z.number(),
  lastAt: z.number(),
  endedAt: z.number().exactOptional(),
  /** By the desk's clock: late events raise an alert now, not in the past. */
  raisedAt: z.number(),
  heardAt: z.number(),
  /** When somebody was first told, or would have been: escalation counts from here. */
  notifiedAt: z.number().exactOptional(),
  detections: z.number(),
  events: z.number(),
  eventIds: texts,
  summary: z.string(),
  namespaces: texts,
  assignee: z.string().exactOptional(),
  escalation: z.number(),
  history: z.array(step).readonly(),
  parties: texts,
  facts: factsSchema,
  /** What does not change while it is open, since another system knows the alert by it. */
  labels: z.record(z.string(), z.string()),
});

export type AlertRecord = z.infer<typeof alertRecordSchema>;

/** What a detection belongs to: as long as an alert of this key is open, it is that one. */
export function keyOf({ rule, group }: Detection): string {
  return digest([
    'group',
    rule.id,
    ...Object.entries(group)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .flat(),
  ]);
}

export function floodKeyOf({ rule }: Detection): string {
  return digest(['flood', rule.id]);
}

/** @param perHour for a flood: the bound that its rule went beyond */
export function raise(detection: Detection, id: string, now: number, perHour?: number): AlertRecord {
  const { rule, group } = detection;
  const at = timeOf(detection, now);
  const facts = learn(NO_FACTS, detection.events);
  const isFlood = perHour !== undefined;
  return {
    id,
    key: isFlood ? floodKeyOf(detection) : keyOf(detection),
    kind: isFlood ? 'flood' : 'group',
    rule: { id: rule.id, title: rule.title, ruleset: rule.ruleset },
    level: rule.level,
    state: 'firing',
    group: isFlood ? {} : shown(group),
    startedAt: at,
    lastAt: at,
    raisedAt: now,
    heardAt: now,
    detections: 1,
    events: detection.count,
    eventIds: idsOf([], detection.events),
    summary: isFlood ? summarizeFlood(rule.title, perHour, 'en') : summarize(rule.title, facts, 'en'),
    namespaces: namespacesOf([], detection.events),
    escalation: 0,
    history: [{ at: now, what: 'raised' }],
    parties: isFlood ? [] : partiesIn([], detection.events),
    facts,
    labels: isFlood ? {} : labelsOf(detection.events.at(-1)),
  };
}

/** The same again. */
export function join(alert: AlertRecord, detection: Detection, now: number): AlertRecord {
  const facts = learn(alert.facts, detection.events);
  const at = timeOf(detection, now);
  const isFlood = alert.kind === 'flood';
  return {
    ...alert,
    facts,
    startedAt: Math.min(alert.startedAt, at),
    lastAt: Math.max(alert.lastAt, at),
    heardAt: now,
    detections: alert.detections + 1,
    events: alert.events + detection.count,
    eventIds: idsOf(alert.eventIds, detection.events),
    namespaces: namespacesOf(alert.namespaces, detection.events),
    parties: isFlood ? [] : partiesIn(alert.parties, detection.events),
    summary: isFlood ? alert.summary : summarize(alert.rule.title, facts, 'en'),
  };
}

/** With one more line in its history, which stays bounded: the first step is kept, and the last ones. */
export function withStep(alert: AlertRecord, next: AlertStep): AlertRecord {
  const [first, ...others] = alert.history;
  const kept = first === undefined ? [] : [first, ...others.slice(-(MAX_STEPS - 2))];
  return { ...alert, history: [...kept, next] };
}

/** Without what the desk alone knows. */
export function shownAlert(record: AlertRecord, silencedBy: string | undefined): Alert {
  const { key, kind, raisedAt, heardAt, notifiedAt, parties, facts, labels, rule, ...alert } = record;
  return {
    ...alert,
    rule: { id: rule.id, title: rule.title },
    ...(silencedBy === undefined ? {} : { silencedBy }),
  };
}

function digest(parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32);
}

function timeOf({ at }: Detection, now: number): number {
  // Date knows milliseconds; the rest of the nanoseconds is nothing to an alert.
  const time = Date.parse(at);
  return Number.isNaN(time) ? now : Math.min(time, now);
}

function shown(group: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(group).map(([field, value]) => [field, eventField(field)?.literal === true ? '?' : oneLine(value)]),
  );
}

function idsOf(known: readonly string[], events: readonly AuditEvent[]): readonly string[] {
  return [...new Set([...known, ...events.map(({ event }) => event.id)])].slice(-MAX_EVENT_IDS);
}

function namespacesOf(known: readonly string[], events: readonly AuditEvent[]): readonly string[] {
  // An event of no namespace is not for those who see one alone.
  const found = events.map(({ kubernetes }) => kubernetes?.namespace ?? NO_NAMESPACE);
  return [...new Set([...known, ...found])].slice(0, MAX_NAMESPACES);
}

function partiesIn(known: readonly string[], events: readonly AuditEvent[]): readonly string[] {
  return [...new Set([...known, ...events.flatMap(partiesOf)])].slice(0, MAX_PARTIES);
}

/** Alertmanager's names for what the last event is about. */
function labelsOf(event: AuditEvent | undefined): Record<string, string> {
  const { server, user, kubernetes, dbaudit } = event ?? {};
  const known = {
    namespace: kubernetes?.namespace,
    instance: server === undefined ? undefined : `${server.ip}:${server.port}`,
    db_user: user?.name,
    fingerprint: dbaudit?.statement?.fingerprint,
  };
  return Object.fromEntries(
    Object.entries(known).flatMap(([name, value]) => (value === undefined ? [] : [[name, oneLine(value)]])),
  );
}
