import { both, type Filter } from '../../../contract/filter.ts';
import { chart, measured, ranking, section, table } from '../blocks.ts';
import type { Block } from '../document.ts';
import { fieldsOf } from '../fields.ts';
import { SLOW, STATEMENTS } from '../filters.ts';
import type { ReportKind, ReportTask } from '../kind.ts';

/** Milliseconds: each bound begins a class of durations. */
const BOUNDS = [0, 1, 10, 100, 1_000, 10_000] as const;
const NANOS_PER_MILLI = 1_000_000;

export const performance: ReportKind = {
  kind: 'performance',
  async build(task) {
    const { texts } = task;
    const t = texts.kinds.performance;
    const { account, client, database, statement, table: name, operation } = fieldsOf(texts);
    return [
      await section(
        task,
        texts.frame.summary,
        () => measured(task, STATEMENTS, ['events', 'slow', 'duration', 'rows', 'bytes']),
        () => chart(task, { title: t.course, filter: STATEMENTS, measure: 'duration' }),
        () => chart(task, { title: t.slowCourse, filter: STATEMENTS, measure: 'slow' }),
        () => durations(task),
      ),
      await section(
        task,
        t.slow,
        () =>
          ranking(task, {
            title: t.slowStatements,
            fields: [statement],
            filter: SLOW,
            columns: ['events', 'average', 'duration', 'last'],
          }),
        () =>
          ranking(task, { title: t.slowFrom, fields: [account, client], filter: SLOW, columns: ['events', 'average'] }),
      ),
      await section(
        task,
        t.load,
        () =>
          ranking(task, {
            title: t.byTime,
            fields: [statement],
            filter: STATEMENTS,
            measure: 'duration',
            columns: ['duration', 'events', 'average'],
          }),
        () =>
          ranking(task, {
            title: t.tables,
            fields: [name],
            filter: STATEMENTS,
            measure: 'duration',
            columns: ['duration', 'events', 'average'],
          }),
        () =>
          ranking(task, {
            title: t.operations,
            fields: [database, operation],
            filter: STATEMENTS,
            measure: 'duration',
            columns: ['duration', 'events', 'average'],
          }),
      ),
    ];
  },
};

async function durations({ source, texts, formats }: ReportTask): Promise<Block> {
  const t = texts.kinds.performance;
  const rows: (string | number)[][] = [];
  for (const [index, from] of BOUNDS.entries()) {
    const below = BOUNDS[index + 1];
    const range: Filter = {
      kind: 'range',
      field: 'event.duration',
      from: from * NANOS_PER_MILLI,
      ...(below === undefined ? {} : { below: below * NANOS_PER_MILLI }),
    };
    const lower = formats.nanos(from * NANOS_PER_MILLI);
    const name = below === undefined ? `≥ ${lower}` : `${lower} – ${formats.nanos(below * NANOS_PER_MILLI)}`;
    rows.push([name, await source.count(both(STATEMENTS, range))]);
  }
  const all = rows.reduce((sum, [, count]) => sum + Number(count), 0);
  return table(
    t.durations,
    [
      { title: texts.words.duration, unit: 'text' },
      { title: texts.words.events, unit: 'count' },
      { title: texts.words.share, unit: 'share' },
    ],
    rows.map(([name = '', count = 0]) => [name, count, all === 0 ? null : Number(count) / all]),
  );
}
