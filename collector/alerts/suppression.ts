import type { AlertRecord } from './alert-record.ts';
import type { DeskContext } from './desk-context.ts';
import type { Draft } from './draft.ts';
import { isAbove } from './levels.ts';
import type { Silence } from './silence.ts';

/** Gives why nobody is told of an alert now; undefined where they are. */
export type Suppression = (alert: AlertRecord) => string | undefined;

/** As things are at the beginning of a step: made once for all its alerts, since each may depend on each. */
export function suppression(draft: Draft, { settings }: DeskContext): Suppression {
  const silences = draft.allSilences();
  let inhibitors: ReadonlyMap<string, AlertRecord> | undefined;
  return (alert) => {
    const silence = silenceOf(alert, silences, draft.now);
    if (silence !== undefined) return `silence ${silence.id} by ${silence.by}: ${silence.reason}`;
    inhibitors ??= inhibitorsOf(draft, silences, settings.inhibitBy);
    for (const party of alert.parties) {
      const other = inhibitors.get(party);
      if (other !== undefined && isAbove(other.level, alert.level))
        return `alert ${other.id} is of a higher level: ${other.rule.title}`;
    }
    return undefined;
  };
}

/** The silence that holds an alert now; the one that ends last, where there are several. */
export function silenceOf(alert: AlertRecord, silences: Iterable<Silence>, now: number): Silence | undefined {
  let found: Silence | undefined;
  for (const silence of silences) {
    if (!holds(silence, alert, now)) continue;
    if (found === undefined || silence.until > found.until) found = silence;
  }
  return found;
}

/**
 * The open alert of the highest level about each session and client. One that is silenced keeps nobody quiet: then both would
 * go untold.
 */
function inhibitorsOf(draft: Draft, silences: readonly Silence[], by: readonly string[]): Map<string, AlertRecord> {
  const highest = new Map<string, AlertRecord>();
  for (const alert of draft.openAlerts()) {
    if (silenceOf(alert, silences, draft.now) !== undefined) continue;
    for (const party of alert.parties) {
      const known = highest.get(party);
      const isHigher = known === undefined || isAbove(alert.level, known.level);
      if (isHigher && by.includes(party.slice(0, party.indexOf('=')))) highest.set(party, alert);
    }
  }
  return highest;
}

function holds({ rules, group, from, until }: Silence, alert: AlertRecord, now: number): boolean {
  return (
    from <= now &&
    now < until &&
    (rules?.includes(alert.rule.id) ?? true) &&
    Object.entries(group).every(([field, value]) => alert.group[field] === value)
  );
}
