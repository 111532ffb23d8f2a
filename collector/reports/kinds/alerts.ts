import type { AlertAnswer } from '../../../contract/collector-api.ts';
import { LEVELS } from '../../alerts/levels.ts';
import { figures, note, section, table } from '../blocks.ts';
import type { Block } from '../document.ts';
import type { ReportKind, ReportTask } from '../kind.ts';

const NANOS_PER_MILLI = 1_000_000;

export const alerts: ReportKind = {
  kind: 'alerts',
  async build(task) {
    const { texts, source, formats } = task;
    const t = texts.kinds.alerts;
    const found = task.alerts?.();
    if (found === undefined) return [await section(task, texts.frame.summary, async () => note('limit', t.none))];
    const { from, to } = source.range;
    const raised = found.alerts.filter(({ startedAt }) => startedAt >= from && startedAt < to);
    const open = found.alerts.filter(({ endedAt }) => endedAt === undefined || endedAt >= to);
    return [
      await section(
        task,
        texts.frame.summary,
        async () => summary(task, raised, open),
        async () => (found.more === 0 ? [] : note('limit', t.more(formats.whole(found.more)))),
        async () => byRule(task, raised),
      ),
      await section(task, t.open, async () => alertTable(task, t.openList, open)),
      await section(task, t.raised, async () => alertTable(task, t.raisedList, raised)),
      await section(task, t.limits, async () => note('limit', t.falsePositives)),
    ];
  },
};

function summary({ texts }: ReportTask, raised: readonly AlertAnswer[], open: readonly AlertAnswer[]): Block {
  const t = texts.kinds.alerts;
  const severe = (list: readonly AlertAnswer[]) =>
    list.filter(({ level }) => level === 'critical' || level === 'high').length;
  const untold = raised.filter(({ history }) => history.some(({ what }) => what === 'not-notified'));
  return figures([
    { label: t.raised, value: raised.length, unit: 'count' },
    { label: t.severe, value: severe(raised), unit: 'count' },
    { label: t.stillOpen, value: open.length, unit: 'count' },
    { label: t.severeOpen, value: severe(open), unit: 'count' },
    {
      label: t.acknowledged,
      value: raised.filter((alert) => acknowledgedAfter(alert) !== undefined).length,
      unit: 'count',
    },
    { label: t.mtta, value: mean(raised.map(acknowledgedAfter)), unit: 'nanos' },
    { label: t.mttr, value: mean(raised.map(endedAfter)), unit: 'nanos' },
    { label: t.escalated, value: raised.filter(({ escalation }) => escalation > 0).length, unit: 'count' },
    { label: t.untold, value: untold.length, unit: 'count' },
  ]);
}

function byRule({ texts }: ReportTask, raised: readonly AlertAnswer[]): Block {
  const { words, kinds } = texts;
  const rows = [...Map.groupBy(raised, ({ rule }) => rule.id)]
    .map(([id, list]) => ({ id, list, title: list[0]?.rule.title ?? id, level: list[0]?.level ?? 'low' }))
    .sort(
      (one, other) => LEVELS.indexOf(other.level) - LEVELS.indexOf(one.level) || other.list.length - one.list.length,
    );
  return table(
    kinds.alerts.byRule,
    [
      { title: words.rule, unit: 'text' },
      { title: words.level, unit: 'text' },
      { title: words.alerts, unit: 'count' },
      { title: words.detections, unit: 'count' },
      { title: kinds.alerts.mtta, unit: 'nanos' },
      { title: kinds.alerts.mttr, unit: 'nanos' },
    ],
    rows.map(({ title, level, list }) => [
      title,
      texts.levels[level],
      list.length,
      list.reduce((sum, { detections }) => sum + detections, 0),
      mean(list.map(acknowledgedAfter)),
      mean(list.map(endedAfter)),
    ]),
  );
}

/** Alerts, the worst first. */
export function alertTable({ texts, rows }: ReportTask, title: string, list: readonly AlertAnswer[]): Block {
  const { words } = texts;
  const sorted = list.toSorted(
    (one, other) => LEVELS.indexOf(other.level) - LEVELS.indexOf(one.level) || other.startedAt - one.startedAt,
  );
  return table(
    title,
    [
      { title: words.level, unit: 'text' },
      { title: words.what, unit: 'text' },
      { title: words.state, unit: 'text' },
      { title: words.first, unit: 'time' },
      { title: words.assignee, unit: 'text' },
    ],
    sorted
      .slice(0, rows * 2)
      .map(({ level, summary: what, state, startedAt, assignee }) => [
        texts.levels[level],
        what,
        texts.states[state],
        startedAt,
        assignee ?? null,
      ]),
    sorted.length - rows * 2,
  );
}

function acknowledgedAfter({ history, startedAt }: AlertAnswer): number | undefined {
  const step = history.find(({ what }) => what === 'acknowledged');
  return step === undefined ? undefined : step.at - startedAt;
}

function endedAfter({ startedAt, endedAt }: AlertAnswer): number | undefined {
  return endedAt === undefined ? undefined : endedAt - startedAt;
}

/** Of what is known, in nanoseconds; null where nothing is. */
function mean(millis: readonly (number | undefined)[]): number | null {
  const known = millis.filter((value) => value !== undefined);
  if (known.length === 0) return null;
  return (known.reduce((sum, value) => sum + value, 0) / known.length) * NANOS_PER_MILLI;
}
