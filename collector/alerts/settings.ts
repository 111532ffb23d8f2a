import * as z from 'zod';
import { calendarSchema } from './calendar.ts';
import { channelName, channelSchema } from './channels/index.ts';
import { LEVELS } from './levels.ts';
import { rotaSchema } from './rota.ts';

const level = z.enum(LEVELS);
const name = z.string().min(1).max(100);
/** Below a minute nothing is gained but messages. */
const quietMinutes = z.number().min(1).max(10_080);
const seconds = z.number().min(0).max(604_800);

/** Where alerts go. All conditions that are there must hold; a route without any takes all. */
const routeSchema = z.strictObject({
  name,
  levels: z.array(level).min(1).optional(),
  /** Ids of rules; `*` stands for any characters: `db.ddl.*`. */
  rules: z.array(name).min(1).optional(),
  /** One of the alert's is enough. */
  namespaces: z.array(name).min(1).optional(),
  channels: z.array(name).default([]),
  /** Alerts with equal values come in one message: `rule`, `level`, `namespace`, or a field of the alert's group. */
  groupBy: z.array(name).max(10).default(['rule']),
  /** How long the first alert of a group waits for others. */
  groupWaitSeconds: seconds.default(30),
  /** Between two messages about one group. */
  groupIntervalSeconds: seconds.min(1).default(300),
  /** After this, what still fires and nobody acknowledged is told again. */
  repeatIntervalSeconds: seconds.min(60).default(14_400),
  /** Whether the end of an alert is told. */
  sendResolved: z.boolean().default(true),
  /** Calendars in which nothing is told; what ends meanwhile is never told. */
  muteDuring: z.array(name).default([]),
  /** Calendars; outside all of them nothing is told. */
  onlyDuring: z.array(name).default([]),
  /** The policy for alerts that nobody acknowledges. */
  escalation: name.optional(),
  /** Whether the routes after this one are looked at too. */
  continue: z.boolean().default(false),
});

export type Route = z.infer<typeof routeSchema>;

const escalationSchema = z.strictObject({
  name,
  steps: z
    .array(
      z.strictObject({
        /** Minutes since somebody was first told, without an acknowledgement. */
        afterMinutes: z.number().min(1).max(10_080),
        channels: z.array(name).default([]),
        /** Whoever is on call is told by their channels, and named. */
        rota: name.optional(),
      }),
    )
    .min(1)
    .max(10)
    .refine(
      (steps) => steps.every((one, index) => index === 0 || one.afterMinutes > (steps[index - 1]?.afterMinutes ?? 0)),
      {
        error: 'each step comes later than the one before it',
      },
    ),
});

export type Escalation = z.infer<typeof escalationSchema>;

const alertsFields = z.strictObject({
  /** Minutes without a further detection after which an alert is over. */
  quietMinutes: z
    .strictObject({
      critical: quietMinutes.default(60),
      high: quietMinutes.default(60),
      medium: quietMinutes.default(30),
      low: quietMinutes.default(15),
      informational: quietMinutes.default(10),
    })
    .prefault({}),
  /** A rule that raises more than this in an hour gets one alert for all further groups. */
  floodAbovePerHour: z.int().min(1).max(1_000).default(30),
  /** An open alert keeps those of lower levels quiet that have one of these in common with it. Empty: none does. */
  inhibitBy: z.array(z.enum(['session', 'client'])).default(['session', 'client']),
  /** How long alerts that are over are kept, and how many at most. */
  retentionDays: z.number().min(1).max(3_650).default(365),
  maxAlerts: z.int().min(100).max(1_000_000).default(50_000),
  /** In messages, so that people find the alert: `https://dbaudit.example`. */
  pageUrl: z.url({ protocol: /^https?$/ }).optional(),
  /** In messages and labels. */
  cluster: z.string().min(1).max(100).optional(),
  channels: z.array(channelSchema).max(50).default([]),
  /** Tried in this order; the first that fits is the only one, unless it says `continue`. */
  routes: z.array(routeSchema).max(200).default([]),
  calendars: z.array(calendarSchema).max(50).default([]),
  rotas: z.array(rotaSchema).max(50).default([]),
  escalations: z.array(escalationSchema).max(50).default([]),
});

type Fields = z.infer<typeof alertsFields>;

/** The configuration's `alerts`. */
export const alertsSchema = alertsFields
  .check(({ value, issues }) => {
    const problem = (path: (string | number)[], message: string) =>
      issues.push({ code: 'custom', input: undefined, path, message });
    for (const [list, names] of Object.entries(namesOf(value))) {
      names.forEach((one, index) => {
        if (names.indexOf(one) !== index) problem([list, index, 'name'], `there is another one called ${one}`);
      });
    }
    const known = namesOf(value);
    for (const { path, list, used } of usesOf(value)) {
      if (!known[list].includes(used)) problem(path, `there is no ${used} in ${list}`);
    }
  })
  .prefault({});

export type AlertSettings = z.infer<typeof alertsSchema>;

type Named = 'channels' | 'routes' | 'calendars' | 'rotas' | 'escalations';

function namesOf({ channels, routes, calendars, rotas, escalations }: Fields): Record<Named, string[]> {
  const names = (list: readonly { readonly name: string }[]) => list.map((one) => one.name);
  return {
    channels: channels.map(channelName),
    routes: names(routes),
    calendars: names(calendars),
    rotas: names(rotas),
    escalations: names(escalations),
  };
}

interface Use {
  readonly path: (string | number)[];
  readonly list: Named;
  readonly used: string;
}

function usesOf({ routes, rotas, escalations }: Fields): Use[] {
  const all = (path: (string | number)[], list: Named, used: readonly string[]): Use[] =>
    used.map((one, index) => ({ path: [...path, index], list, used: one }));
  const one = (path: (string | number)[], list: Named, used: string | undefined): Use[] =>
    used === undefined ? [] : [{ path, list, used }];
  return [
    ...routes.flatMap((route, index) => [
      ...all(['routes', index, 'channels'], 'channels', route.channels),
      ...all(['routes', index, 'muteDuring'], 'calendars', route.muteDuring),
      ...all(['routes', index, 'onlyDuring'], 'calendars', route.onlyDuring),
      ...one(['routes', index, 'escalation'], 'escalations', route.escalation),
    ]),
    ...rotas.flatMap(({ people }, index) =>
      people.flatMap(({ channels }, at) => all(['rotas', index, 'people', at, 'channels'], 'channels', channels)),
    ),
    ...escalations.flatMap(({ steps }, index) =>
      steps.flatMap(({ channels, rota }, at) => [
        ...all(['escalations', index, 'steps', at, 'channels'], 'channels', channels),
        ...one(['escalations', index, 'steps', at, 'rota'], 'rotas', rota),
      ]),
    ),
  ];
}
