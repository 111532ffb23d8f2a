import { both } from '../../../contract/filter.ts';
import { chart, counted, note, paragraph, ranking, section } from '../blocks.ts';
import { fieldsOf } from '../fields.ts';
import { FAILED, likeAny, OF_CLASS, STATEMENTS } from '../filters.ts';
import type { ReportKind } from '../kind.ts';

export const sensitive: ReportKind = {
  kind: 'sensitive',
  async build(task) {
    const { texts } = task;
    const t = texts.kinds.sensitive;
    const patterns = task.list('sensitive_tables');
    if (patterns.length === 0) {
      return [await section(task, texts.frame.summary, async () => note('limit', t.noList)), await everyTable()];
    }
    const { account, client, clientNamespace, workload, table, statementClass } = fieldsOf(texts);
    const touched = both(STATEMENTS, likeAny('dbaudit.statement.tables', patterns));
    return [
      await section(
        task,
        texts.frame.summary,
        async () => paragraph(t.which(patterns.join(', '))),
        () =>
          counted(task, [
            { label: t.statements, filter: touched },
            { label: t.rows, filter: touched, measure: 'rows' },
            { label: t.changed, filter: touched, measure: 'affected' },
            { label: t.failed, filter: both(touched, FAILED) },
            { label: t.clients, filter: touched, measure: 'clients' },
          ]),
        () => chart(task, { title: t.course, filter: touched, measure: 'rows' }),
      ),
      await section(
        task,
        t.who,
        () =>
          ranking(task, {
            title: t.byAccount,
            fields: [account, client],
            filter: touched,
            measure: 'rows',
            columns: ['rows', 'events', 'errors', 'first', 'last'],
          }),
        () =>
          ranking(task, {
            title: t.byWorkload,
            fields: [clientNamespace, workload],
            filter: touched,
            measure: 'rows',
            columns: ['rows', 'events', 'last'],
          }),
        () =>
          ranking(task, {
            title: t.byTable,
            fields: [table, account, statementClass],
            filter: touched,
            measure: 'rows',
            columns: ['rows', 'events', 'errors', 'last'],
          }),
        async () => note('limit', t.joins),
      ),
    ];

    function everyTable() {
      const { table: name, account: who } = fieldsOf(texts);
      return section(task, t.allTables, () =>
        ranking(task, {
          title: t.byTable,
          fields: [name, who],
          filter: OF_CLASS('READ'),
          measure: 'rows',
          columns: ['rows', 'events', 'last'],
        }),
      );
    }
  },
};
