import { chart, measured, ranking, section } from '../blocks.ts';
import { fieldsOf } from '../fields.ts';
import { STATEMENTS } from '../filters.ts';
import type { ReportKind } from '../kind.ts';

export const operations: ReportKind = {
  kind: 'operations',
  async build(task) {
    const { texts } = task;
    const t = texts.kinds.operations;
    const { account, database, table, workload, clientNamespace, system, operation } = fieldsOf(texts);
    const filter = STATEMENTS;
    return [
      await section(
        task,
        texts.frame.summary,
        () =>
          measured(task, filter, [
            'events',
            'errors',
            'slow',
            'rows',
            'affected',
            'bytes',
            'duration',
            'clients',
            'sessions',
          ]),
        () => chart(task, { title: t.course, filter, by: 'dbaudit.statement.class' }),
        () => chart(task, { title: t.rows, filter, measure: 'rows' }),
      ),
      await section(
        task,
        t.where,
        () =>
          ranking(task, {
            title: t.databases,
            fields: [system, database],
            filter,
            columns: ['events', 'errors', 'rows', 'duration'],
          }),
        () =>
          ranking(task, { title: t.tables, fields: [table], filter, columns: ['events', 'errors', 'rows', 'average'] }),
        () => ranking(task, { title: t.written, fields: [table], filter, measure: 'affected', columns: ['events'] }),
      ),
      await section(
        task,
        t.who,
        () =>
          ranking(task, {
            title: t.accounts,
            fields: [account],
            filter,
            columns: ['events', 'errors', 'rows', 'last'],
          }),
        () =>
          ranking(task, {
            title: t.workloads,
            fields: [clientNamespace, workload],
            filter,
            columns: ['events', 'errors', 'rows', 'last'],
          }),
        () => ranking(task, { title: t.kinds, fields: [operation], filter, columns: ['events', 'errors', 'average'] }),
      ),
    ];
  },
};
