import { alertSchema, alertsAnswerSchema, silenceSchema, silencesAnswerSchema } from '../../contract/collector-api.ts';
import { UserError } from '../../contract/user-error.ts';
import type { CommandContext } from '../context.ts';
import { formatAge } from '../duration.ts';
import type { AlertItem, SilenceListDocument } from '../output/schemas/collector-lists.ts';
import type { Screen } from '../output/screen.ts';
import { OUTPUT_API_VERSION, printDocument } from '../output/structured.ts';
import { type Column, formatTable } from '../output/table.ts';
import type { Collector } from './collector.ts';
import { levelText } from './levels.ts';
import { groupText } from './rules.ts';
import { withCollector } from './with-collector.ts';

type Output = 'table' | 'json' | 'yaml';
/** The most that is asked for to find one by its id. */
const ALL_ALERTS = 1_000;

export interface AlertSelection {
  readonly states: readonly AlertItem['state'][];
  readonly levels: readonly AlertItem['level'][] | undefined;
  readonly rule: string | undefined;
  readonly limit: number;
}

export async function listAlerts(context: CommandContext, selection: AlertSelection, output: Output): Promise<void> {
  const { screen } = context;
  const { alerts, total } = await withCollector(context, (collector) => readAlerts(collector, selection));
  if (output !== 'table') {
    printDocument(screen, output, { apiVersion: OUTPUT_API_VERSION, kind: 'AlertList', total, items: alerts });
    return;
  }
  if (alerts.length === 0) {
    screen.say('No alert.');
    return;
  }
  for (const line of formatTable(alertColumns(screen, Date.now()), alerts, { width: screen.width })) screen.print(line);
  if (total > alerts.length) screen.say(`${total - alerts.length} more; --limit shows more.`);
}

export async function showAlert(context: CommandContext, id: string, output: Output): Promise<void> {
  const { screen } = context;
  const alert = await withCollector(context, (collector) => findAlert(collector, id));
  if (output !== 'table') {
    printDocument(screen, output, { apiVersion: OUTPUT_API_VERSION, kind: 'AlertList', total: 1, items: [alert] });
    return;
  }
  const rows: readonly (readonly [string, string])[] = [
    ['Alert', alert.id],
    ['Rule', `${alert.rule.id}: ${alert.rule.title}`],
    ['Level', levelText(alert.level, screen.paint)],
    ['State', `${alert.state}${alert.silencedBy === undefined ? '' : `, silenced by ${alert.silencedBy}`}`],
    ['Summary', alert.summary],
    ['Group', groupText(alert.group)],
    ['Namespaces', alert.namespaces.join(', ') || '-'],
    ['Since', timeText(alert.startedAt)],
    ['Last', timeText(alert.lastAt)],
    ...(alert.endedAt === undefined ? [] : [['Ended', timeText(alert.endedAt)] as const]),
    ['Count', `${alert.detections} detections of ${alert.events} events`],
    ...(alert.assignee === undefined ? [] : [['Assigned', alert.assignee] as const]),
    ['Events', alert.eventIds.join(' ') || '-'],
  ];
  for (const [name, value] of rows) screen.print(`${screen.paint('bold', name.padEnd(10))} ${value}`);
  screen.print('');
  for (const line of formatTable(HISTORY_COLUMNS, alert.history, { width: screen.width })) screen.print(line);
}

export interface AlertChange {
  readonly what: 'acknowledge' | 'resolve' | 'assign' | 'comment';
  readonly text?: string;
  readonly assignee?: string;
}

export async function changeAlert(context: CommandContext, id: string, change: AlertChange): Promise<void> {
  const { screen, signal } = context;
  const alert = await withCollector(context, (collector) =>
    collector.ask({ path: `/alerts/${encodeURIComponent(id)}/change`, body: change, signal }, alertSchema),
  );
  screen.say(`${screen.paint('green', '√')} ${alert.id} is ${alert.state}`);
}

export interface Silencing {
  /** What to be silent about: the alert's rule and group, or what is named. */
  readonly alert?: string;
  readonly rules?: readonly string[];
  readonly group?: Readonly<Record<string, string>>;
  readonly until: number;
  readonly reason: string;
}

export async function silence(
  context: CommandContext,
  { alert: id, rules, group, until, reason }: Silencing,
): Promise<void> {
  const { screen, signal } = context;
  const made = await withCollector(context, async (collector) => {
    const alert = id === undefined ? undefined : await findAlert(collector, id);
    const about = alert === undefined ? { rules, group } : { rules: [alert.rule.id], group: alert.group };
    return collector.ask({ path: '/silences', body: { ...about, until, reason }, signal }, silenceSchema);
  });
  screen.say(
    `${screen.paint('green', '√')} silent until ${timeText(made.until)}; \`alert unsilence ${made.id}\` ends it before`,
  );
}

export async function listSilences(context: CommandContext, output: Output): Promise<void> {
  const { screen, signal } = context;
  const { silences } = await withCollector(context, (collector) =>
    collector.ask({ method: 'GET', path: '/silences', signal }, silencesAnswerSchema),
  );
  const document: SilenceListDocument = { apiVersion: OUTPUT_API_VERSION, kind: 'SilenceList', items: silences };
  if (output !== 'table') printDocument(screen, output, document);
  else if (silences.length === 0) screen.say('No silence.');
  else for (const line of formatTable(SILENCE_COLUMNS, silences, { width: screen.width })) screen.print(line);
}

export async function unsilence(context: CommandContext, id: string): Promise<void> {
  const { screen, signal } = context;
  await withCollector(context, async (collector) => {
    const answer = await collector.stream({ method: 'DELETE', path: `/silences/${encodeURIComponent(id)}`, signal });
    for await (const _ of answer);
  });
  screen.say(`${screen.paint('green', '√')} ${id} has ended`);
}

function readAlerts(collector: Collector, selection: Partial<AlertSelection>) {
  return collector.ask({ path: '/alerts', body: selection }, alertsAnswerSchema);
}

async function findAlert(collector: Collector, id: string): Promise<AlertItem> {
  const { alerts } = await readAlerts(collector, {
    states: ['firing', 'acknowledged', 'resolved'],
    limit: ALL_ALERTS,
  });
  const alert = alerts.find((alert) => alert.id === id);
  if (alert !== undefined) return alert;
  throw new UserError('DBA1103', `there is no alert ${id}`, '`kubectl dbaudit alert list --state all` names all.');
}

function alertColumns({ paint }: Screen, now: number): readonly Column<AlertItem>[] {
  return [
    { heading: 'ALERT', cell: ({ id }) => id },
    { heading: 'LEVEL', cell: ({ level }) => levelText(level, paint) },
    {
      heading: 'STATE',
      cell: ({ state, silencedBy }) => (silencedBy === undefined ? state : `${state}, silenced`),
    },
    { heading: 'RULE', leftOut: 2, mayShrink: true, cell: ({ rule }) => rule.id },
    { heading: 'EVENTS', leftOut: 1, align: 'right', cell: ({ events }) => String(events) },
    { heading: 'LAST', cell: ({ lastAt }) => formatAge(now - lastAt) },
    { heading: 'ASSIGNED', leftOut: 3, cell: ({ assignee }) => assignee ?? '-' },
    { heading: 'SUMMARY', mayShrink: true, cell: ({ summary }) => summary },
  ];
}

const HISTORY_COLUMNS: readonly Column<AlertItem['history'][number]>[] = [
  { heading: 'AT', cell: ({ at }) => timeText(at) },
  { heading: 'WHAT', cell: ({ what }) => what },
  { heading: 'WHO', cell: ({ who }) => who ?? '-' },
  { heading: 'TEXT', mayShrink: true, cell: ({ text }) => text ?? '' },
];

const SILENCE_COLUMNS: readonly Column<SilenceListDocument['items'][number]>[] = [
  { heading: 'SILENCE', cell: ({ id }) => id },
  { heading: 'RULES', mayShrink: true, cell: ({ rules }) => rules?.join(', ') ?? 'all' },
  { heading: 'GROUP', mayShrink: true, cell: ({ group }) => groupText(group) },
  { heading: 'UNTIL', cell: ({ until }) => timeText(until) },
  { heading: 'BY', leftOut: 1, cell: ({ by }) => by },
  { heading: 'REASON', mayShrink: true, cell: ({ reason }) => reason },
];

function timeText(millis: number): string {
  return new Date(millis).toISOString();
}
