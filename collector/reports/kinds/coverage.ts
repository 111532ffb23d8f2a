import { both } from '../../../contract/filter.ts';
import { chart, figures, note, ranking, section, share, table } from '../blocks.ts';
import type { Block } from '../document.ts';
import { fieldsOf } from '../fields.ts';
import { any, DATABASE, exists, GAPS, is, STATEMENTS } from '../filters.ts';
import type { ReportKind, ReportTask } from '../kind.ts';

const UNDECODABLE = is('event.action', 'db.session.undecodable');
const MIDSTREAM = is('event.action', 'db.session.midstream');
const AGENT = is(
  'event.action',
  'dbaudit.agent.start',
  'dbaudit.agent.stop',
  'dbaudit.agent.config_change',
  'dbaudit.agent.overload',
);
/** Combinations of reason and size; where there are more, the sums are too small and the report says so. */
const MAX_COMBINATIONS = 1_000;
const GAP_FIELDS = [
  'event.reason',
  'dbaudit.capture.gap_bytes',
  'dbaudit.capture.gap_packets',
  'dbaudit.capture.gap_connections',
  'dbaudit.capture.gap_events',
] as const;

export const coverage: ReportKind = {
  kind: 'coverage',
  async build(task) {
    const { texts } = task;
    const t = texts.kinds.coverage;
    const { server, serverPort, system, reason, namespace, pod, action } = fieldsOf(texts);
    return [
      await section(
        task,
        texts.frame.summary,
        async () => figures(await coverageFigures(task)),
        () => chart(task, { title: t.course, filter: any(GAPS, UNDECODABLE, MIDSTREAM), by: 'event.action' }),
      ),
      await section(
        task,
        t.instances,
        () =>
          ranking(task, {
            title: t.instanceList,
            fields: [system, server, serverPort],
            filter: DATABASE,
            columns: ['events', 'first', 'last'],
          }),
        async () => note('limit', t.unwatched),
      ),
      await section(
        task,
        t.loss,
        () => gaps(task),
        () =>
          ranking(task, {
            title: t.gapsWhere,
            fields: [reason, namespace, pod],
            filter: GAPS,
            columns: ['events', 'first', 'last'],
          }),
      ),
      await section(
        task,
        t.unread,
        () =>
          ranking(task, {
            title: t.undecodable,
            fields: [reason, namespace, pod, server],
            filter: UNDECODABLE,
            columns: ['events', 'first', 'last'],
          }),
        () =>
          ranking(task, {
            title: t.midstream,
            fields: [namespace, pod, server],
            filter: MIDSTREAM,
            columns: ['events', 'first', 'last'],
          }),
        () =>
          ranking(task, {
            title: t.notes,
            fields: [{ field: 'dbaudit.capture.notes', title: texts.words.reason }],
            filter: exists('dbaudit.capture.notes'),
            columns: ['events', 'last'],
          }),
      ),
      await section(task, t.agents, () =>
        ranking(task, {
          title: t.agentList,
          fields: [action, namespace, pod],
          filter: AGENT,
          columns: ['events', 'first', 'last'],
        }),
      ),
    ];
  },
};

/** How much of what went by could be read. */
export async function coverageFigures({ source, texts }: ReportTask) {
  const t = texts.kinds.coverage;
  const sessions = await source.count(DATABASE, 'sessions');
  const undecodable = await source.count(UNDECODABLE, 'sessions');
  const midstream = await source.count(MIDSTREAM, 'sessions');
  const unanswered = await source.count(both(STATEMENTS, is('event.outcome', 'unknown')));
  const { distinct } = await source.top({
    fields: ['server.ip', 'server.port'],
    filter: both(DATABASE, exists('server.ip')),
    measure: 'events',
    limit: 1,
  });
  return [
    { label: t.servers, value: distinct, unit: 'count' as const },
    { label: texts.measures.sessions, value: sessions, unit: 'count' as const },
    share(t.decodable, sessions - undecodable, sessions),
    share(t.fromStart, sessions - midstream - undecodable, sessions),
    { label: t.gapCount, value: await source.count(GAPS), unit: 'count' as const },
    { label: t.unanswered, value: unanswered, unit: 'count' as const },
  ];
}

/** What is missing, added up by reason. */
async function gaps({ source, texts, formats }: ReportTask): Promise<readonly Block[]> {
  const t = texts.kinds.coverage;
  const { rows, distinct } = await source.top({
    fields: GAP_FIELDS,
    filter: GAPS,
    measure: 'events',
    limit: MAX_COMBINATIONS,
  });
  const byReason = Map.groupBy(rows, ({ values: [reason = ''] }) => reason);
  const sums = [...byReason].map(([reason, list]) => {
    const sum = (index: number) =>
      list.reduce((all, { values, events }) => all + Number(values[index] ?? 0) * events, 0);
    const events = list.reduce((all, row) => all + row.events, 0);
    return [reason, events, sum(1), sum(2), sum(3), sum(4)];
  });
  const lost = table(
    t.gapsWhy,
    [
      { title: texts.words.reason, unit: 'text' },
      { title: texts.words.times, unit: 'count' },
      { title: t.bytes, unit: 'bytes' },
      { title: t.packets, unit: 'count' },
      { title: t.connections, unit: 'count' },
      { title: t.events, unit: 'count' },
    ],
    sums.map(([reason = '', ...amounts]) => [
      Object.hasOwn(texts.reasons, reason) ? `${reason}: ${texts.reasons[String(reason)]}` : reason,
      ...amounts,
    ]),
  );
  return distinct > rows.length ? [lost, note('limit', t.atLeast(formats.whole(distinct - rows.length)))] : [lost];
}
