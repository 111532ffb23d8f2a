import { both } from '../../../contract/filter.ts';
import { chart, counted, figures, measured, note, ranking, section } from '../blocks.ts';
import { fieldsOf } from '../fields.ts';
import { FAILED_LOGINS, OF_CLASS, STATEMENTS, SUCCEEDED } from '../filters.ts';
import type { ReportKind, ReportTask } from '../kind.ts';
import { alertTable } from './alerts.ts';
import { coverageFigures } from './coverage.ts';
import { verdictNote } from './integrity.ts';

/** It is to be read at a glance. */
const ROWS = 5;

export const day: ReportKind = {
  kind: 'day',
  async build(whole) {
    const task: ReportTask = { ...whole, rows: ROWS };
    const { texts } = task;
    const t = texts.kinds.day;
    const { account, table, statement, client } = fieldsOf(texts);
    return [
      await section(
        task,
        texts.frame.summary,
        async () => {
          const volume = await measured(task, STATEMENTS, ['events', 'errors', 'slow', 'rows', 'clients']);
          const changes = await counted(task, [
            { label: texts.kinds.logins.failed, filter: FAILED_LOGINS },
            { label: texts.kinds.changes.schema, filter: both(OF_CLASS('DDL'), SUCCEEDED) },
            { label: texts.kinds.changes.rights, filter: both(OF_CLASS('ROLE'), SUCCEEDED) },
          ]);
          return figures([...volume, ...changes]);
        },
        () => chart(task, { title: t.course, filter: STATEMENTS, by: 'dbaudit.statement.class', lines: 4 }),
      ),
      await section(task, t.attention, async () => alertsOfDay(task)),
      await section(
        task,
        t.most,
        () =>
          ranking(task, {
            title: t.tables,
            fields: [table],
            filter: STATEMENTS,
            columns: ['events', 'errors', 'rows'],
          }),
        () =>
          ranking(task, {
            title: t.accounts,
            fields: [account, client],
            filter: STATEMENTS,
            columns: ['events', 'errors', 'rows'],
          }),
        () =>
          ranking(task, {
            title: t.statements,
            fields: [statement],
            filter: STATEMENTS,
            measure: 'duration',
            columns: ['duration', 'events', 'average'],
          }),
      ),
      await section(
        task,
        t.trust,
        async () => figures(await coverageFigures(task)),
        async () => verdictNote(task, await task.verify?.()),
      ),
    ];
  },
};

function alertsOfDay(task: ReportTask) {
  const { texts, formats } = task;
  const t = texts.kinds.day;
  const found = task.alerts?.();
  if (found === undefined) return note('limit', texts.kinds.alerts.none);
  if (found.alerts.length === 0) return note('good', t.quiet);
  const title = t.alerts(formats.whole(found.alerts.length + found.more));
  return alertTable(task, title, found.alerts);
}
