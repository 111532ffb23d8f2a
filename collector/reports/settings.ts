import * as z from 'zod';
import { timeZone } from '../alerts/calendar.ts';
import { minuteOfDay, WEEKDAYS } from '../alerts/local-time.ts';
import { checkSmtp, mailAddress, smtpFields } from '../mail/smtp.ts';
import { REPORT_KINDS } from './kinds/index.ts';

/** Accounts that servers make for their administrators; `*` and `?` are wildcards. */
const PRIVILEGED_ACCOUNTS = [
  'root',
  'admin',
  'administrator',
  'dba',
  'dba_*',
  'postgres',
  'mysql',
  'mariadb',
  'mariadb.sys',
  'mysql.session',
  'mysql.sys',
  'default',
  'rdsadmin',
  'rds_superuser',
  'cloudsqladmin',
  'cloudsqlsuperuser',
  'azure_superuser',
  'aliyun_root',
] as const;

const language = z.enum(['en', 'zh']);
const kind = z.string().refine((name) => REPORT_KINDS.some((one) => one.kind === name), {
  error: `expected one of ${REPORT_KINDS.map((one) => one.kind).join(', ')}`,
});
const time = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'expected a time of day such as 07:00');

const scheduleSchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, 'expected lower-case letters, digits and dashes'),
  kind,
  /** Over the day before, the seven days before, or the calendar month before. */
  every: z.enum(['day', 'week', 'month']),
  at: time.default('07:00').transform(minuteOfDay),
  /** Of `week`. */
  weekday: z.enum(WEEKDAYS).default('mon'),
  /** Of `month`; every month has 28. */
  dayOfMonth: z.int().min(1).max(28).default(1),
  /** Default: that of all reports. */
  timeZone: timeZone.optional(),
  language: language.default('en'),
  /** Absent: all, and what belongs to none. */
  namespaces: z.array(z.string().min(1)).min(1).max(200).optional(),
  formats: z
    .array(z.enum(['html', 'pdf', 'csv']))
    .min(1)
    .default(['html']),
  /** By mail to these. */
  to: z.array(mailAddress).max(50).default([]),
  /** As files in this one, which is there. Neither: it is only kept. */
  directory: z.string().min(1).optional(),
});

export type Schedule = z.infer<typeof scheduleSchema>;

/** The configuration's `reports`. */
export const reportsSchema = z
  .strictObject({
    /** How long reports are kept, and how many at most; the oldest go first. */
    keepDays: z.number().min(1).max(3_650).default(400),
    maxReports: z.int().min(10).max(5_000).default(500),
    /** Of the times in reports. */
    timeZone: timeZone.default('UTC'),
    privilegedAccounts: z
      .array(z.string().min(1).max(200))
      .max(200)
      .default([...PRIVILEGED_ACCOUNTS]),
    /** The server that schedules send by. */
    mail: z.strictObject(smtpFields).check(checkSmtp).optional(),
    schedules: z.array(scheduleSchema).max(50).default([]),
  })
  .check(({ value: { schedules, mail }, issues }) => {
    const names = schedules.map(({ name }) => name);
    schedules.forEach(({ name, to }, index) => {
      const problem = (field: string, message: string) =>
        issues.push({ code: 'custom', input: undefined, path: ['schedules', index, field], message });
      if (names.indexOf(name) !== index) problem('name', `there is another one called ${name}`);
      if (to.length > 0 && mail === undefined) problem('to', 'set reports.mail, the server to send by');
    });
  })
  .prefault({});

export type ReportSettings = z.infer<typeof reportsSchema>;
