import * as z from 'zod';
import { timeZone } from './calendar.ts';
import { localTime, minuteOfDay } from './local-time.ts';

const WEEK_MILLIS = 7 * 86_400_000;
const MINUTE_MILLIS = 60_000;

/** Somebody who can be called. */
const person = z.strictObject({
  name: z.string().min(1).max(100),
  /** Where they are told, beside the step's own channels. */
  channels: z.array(z.string()).default([]),
  /** What each kind of channel knows them by, so that they are addressed: `{ dingtalk: '13800000000', slack: U012AB3CD }`. */
  mentions: z
    .strictObject({
      slack: z
        .string()
        .regex(/^[UW][A-Z0-9]+$/, 'expected a member id such as U012AB3CD')
        .optional(),
      dingtalk: z
        .string()
        .regex(/^\+?[\d-]{5,20}$/, 'expected a mobile number')
        .optional(),
      feishu: z
        .string()
        .regex(/^ou_[0-9a-z]+$/, 'expected an open id such as ou_18eac8…')
        .optional(),
      wecom: z
        .string()
        .regex(/^[\w@.-]{1,64}$/, 'expected a user id')
        .optional(),
    })
    .default({}),
});

export type Person = z.infer<typeof person>;

/** Who is on call, a week each, in turn. */
export const rotaSchema = z.strictObject({
  name: z.string().min(1),
  timeZone: timeZone.default('UTC'),
  /** The day on which the first of `people` begins; its weekday is that of each handover. */
  start: z.iso.date('expected a date such as 2026-11-23'),
  handoverAt: z
    .string()
    .regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'expected a time of day such as 09:00')
    .default('09:00'),
  people: z.array(person).min(1).max(100),
});

export type Rota = z.infer<typeof rotaSchema>;

/** Whose week it is. Before `start` the weeks are counted backwards, so that somebody always is. */
export function onCall({ start, handoverAt, timeZone: zone, people }: Rota, at: number): Person | undefined {
  const first = Date.parse(`${start}T00:00:00Z`) + minuteOfDay(handoverAt) * MINUTE_MILLIS;
  const weeks = Math.floor((localTime(at, zone).millis - first) / WEEK_MILLIS);
  return people.at(weeks % people.length);
}
