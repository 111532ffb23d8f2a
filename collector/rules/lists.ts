import * as z from 'zod';

/** What a rule knows of this installation: lists that its files name as `%name%`, and times of work and of change. */
export interface RuleLists {
  /** Undefined: there is no such list. */
  values(name: string): readonly string[] | undefined;
  calendar(name: CalendarName): Calendar | undefined;
}

const CALENDAR_NAMES = ['working_hours', 'change_window'] as const;
export type CalendarName = (typeof CALENDAR_NAMES)[number];

/** Lists that the built-in rules name. Values are texts in which `*` and `?` are wildcards, or ranges of addresses. */
export const LISTS: Readonly<Record<string, { readonly meaning: string; readonly values: readonly string[] }>> = {
  sensitive_tables: { meaning: 'tables whose readers are watched', values: [] },
  decoy_tables: { meaning: 'tables or keys that nobody has a reason to touch', values: [] },
  application_accounts: { meaning: 'database accounts that only applications use', values: [] },
  dba_sources: { meaning: 'addresses from which administrators come, as ranges', values: [] },
  migration_accounts: { meaning: 'database accounts of migration tools', values: [] },
  backup_accounts: { meaning: 'database accounts of backups', values: [] },
  maintenance_accounts: { meaning: 'database accounts of jobs that delete or change many rows', values: [] },
  replication_sources: { meaning: 'addresses of replicas, as ranges', values: [] },
  trusted_api_users: { meaning: 'users of the API server whose changes are expected', values: [] },
  allowed_networks: {
    meaning: 'addresses from which databases may be reached, as ranges',
    values: [
      '10.0.0.0/8',
      '172.16.0.0/12',
      '192.168.0.0/16',
      '100.64.0.0/10',
      '127.0.0.0/8',
      '169.254.0.0/16',
      'fc00::/7',
      'fe80::/10',
      '::1/128',
    ],
  },
  database_pods: {
    meaning: 'names of pods that hold databases',
    values: [
      '*mysql*',
      '*mariadb*',
      '*percona*',
      '*postgres*',
      '*pgsql*',
      '*redis*',
      '*valkey*',
      '*mongo*',
      '*-db-*',
      'db-*',
      '*database*',
    ],
  },
  database_services: {
    meaning: 'names of services in front of databases',
    values: [
      '*mysql*',
      '*mariadb*',
      '*postgres*',
      '*pgsql*',
      '*redis*',
      '*valkey*',
      '*mongo*',
      '*-db',
      'db',
      '*database*',
    ],
  },
  database_secrets: {
    meaning: 'names of secrets that hold credentials of databases',
    values: [
      '*mysql*',
      '*mariadb*',
      '*postgres*',
      '*pgsql*',
      '*redis*',
      '*mongo*',
      '*-db',
      'db-*',
      '*-db-*',
      '*database*',
    ],
  },
};

/** More than this makes each event slow to match; a pattern with a wildcard says more with less. */
const MAX_VALUES = 1_000;
const HOUR = /^([01]\d|2[0-3]):([0-5]\d)$/;

const hour = z.string().regex(HOUR, 'expected hours and minutes such as 08:00').transform(minutesOf);
const calendarSchema = z.strictObject({
  /** Of the IANA data base, `Asia/Shanghai`. */
  timeZone: z.string().refine(isTimeZone, 'expected a time zone such as Asia/Shanghai'),
  /** 1 is Monday, 7 Sunday. */
  days: z.array(z.int().min(1).max(7)).min(1).default([1, 2, 3, 4, 5]),
  from: hour,
  /** Before `from`: it reaches into the next day. */
  to: hour,
});
/** A weekly time; `from` and `to` in minutes of the day. */
export type Calendar = z.infer<typeof calendarSchema>;

/** The part of the collector's configuration that rules read. */
export const ruleListsSchema = z.strictObject({
  lists: z.record(z.string().regex(/^[a-z0-9_]{1,50}$/), z.array(z.string().min(1)).max(MAX_VALUES)).default({}),
  calendars: z.partialRecord(z.enum(CALENDAR_NAMES), calendarSchema).default({}),
});

/** What is configured, over what is shipped. */
export function ruleLists({ lists, calendars }: z.infer<typeof ruleListsSchema>): RuleLists {
  return {
    values: (name) => lists[name] ?? (Object.hasOwn(LISTS, name) ? LISTS[name]?.values : undefined),
    calendar: (name) => calendars[name],
  };
}

function minutesOf(time: string): number {
  return Number(time.slice(0, 2)) * 60 + Number(time.slice(3));
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
