import type { Detection } from '../rules/rule.ts';
import { type AlertRecord, floodKeyOf, join, keyOf, raise } from './alert-record.ts';
import type { DeskContext } from './desk-context.ts';
import type { Draft } from './draft.ts';
import { enlist, strike } from './notifying.ts';
import { type Suppression, silenceOf, suppression } from './suppression.ts';

const MINUTE_MILLIS = 60_000;
const HOUR_MILLIS = 3_600_000;
/** In memory, some kilobytes each. Beyond it each rule has one alert for all that is new. */
const MAX_OPEN_ALERTS = 2_000;

/** A rule found something: a new alert, or the one that its group has. */
export function takeDetection(draft: Draft, context: DeskContext, detection: Detection): void {
  if (detection.rule.mode !== 'on') return;
  const known = draft.byKey(keyOf(detection));
  if (known !== undefined) {
    draft.put(join(known, detection, draft.now));
    return;
  }
  const flood = draft.byKey(floodKeyOf(detection));
  if (flood !== undefined) {
    draft.put(join(flood, detection, draft.now));
    return;
  }
  const perHour = context.settings.floodAbovePerHour;
  const isFlood = isFlooding(draft, context, detection.rule.id, perHour);
  raiseAlert(draft, context, raise(detection, context.ids.next(draft.now), draft.now, isFlood ? perHour : undefined));
}

/** What was not heard of for long enough is over. */
export function endQuietAlerts(draft: Draft, context: DeskContext): void {
  const why = suppression(draft, context);
  for (const alert of [...draft.openAlerts()]) {
    const quiet = context.settings.quietMinutes[alert.level] * MINUTE_MILLIS;
    if (draft.now - alert.heardAt >= quiet) finish(draft, context, alert, why);
  }
}

/** Somebody says that it is over. */
export function end(draft: Draft, context: DeskContext, alert: AlertRecord, who: string, text?: string): void {
  finish(draft, context, alert, suppression(draft, context), who, text);
}

/** @param who absent: it ended by itself */
function finish(
  draft: Draft,
  context: DeskContext,
  alert: AlertRecord,
  why: Suppression,
  who?: string,
  text?: string,
): void {
  const reason = why(alert);
  const over: AlertRecord = { ...alert, state: 'resolved', endedAt: draft.now };
  const noted = draft.note(over, {
    what: 'resolved',
    ...(who === undefined ? {} : { who }),
    ...(text === undefined ? {} : { text }),
  });
  draft.record(noted, 'alert.resolved', who);
  strike(draft, context, noted, reason);
}

function raiseAlert(draft: Draft, context: DeskContext, alert: AlertRecord): void {
  draft.put(alert);
  draft.countRaised(alert);
  draft.record(alert, 'alert.raised');
  const silence = silenceOf(alert, draft.allSilences(), draft.now);
  const noted =
    silence === undefined ? alert : draft.note(alert, { what: 'silenced', who: silence.by, text: silence.reason });
  enlist(draft, context, noted);
}

function isFlooding(draft: Draft, { raisedSince }: DeskContext, rule: string, perHour: number): boolean {
  if (draft.openCount >= MAX_OPEN_ALERTS) return true;
  return raisedSince(rule, draft.now - HOUR_MILLIS) + draft.raisedBy(rule) >= perHour;
}
