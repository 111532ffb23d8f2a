import { both } from '../../../contract/filter.ts';
import { chart, counted, ranking, section } from '../blocks.ts';
import { fieldsOf } from '../fields.ts';
import { FAILED, OF_CLASS, SUCCEEDED } from '../filters.ts';
import type { ReportKind } from '../kind.ts';
import { statementList } from '../statement-list.ts';

const CHANGES = OF_CLASS('DDL', 'ROLE');

export const changes: ReportKind = {
  kind: 'changes',
  async build(task) {
    const { texts } = task;
    const t = texts.kinds.changes;
    const { account, client, database, operation, table } = fieldsOf(texts);
    return [
      await section(
        task,
        texts.frame.summary,
        () =>
          counted(task, [
            { label: t.schema, filter: both(OF_CLASS('DDL'), SUCCEEDED) },
            { label: t.rights, filter: both(OF_CLASS('ROLE'), SUCCEEDED) },
            { label: t.failed, filter: both(CHANGES, FAILED) },
            { label: t.sources, filter: CHANGES, measure: 'clients' },
          ]),
        () => chart(task, { title: t.course, filter: CHANGES, by: 'dbaudit.statement.class' }),
      ),
      await section(
        task,
        t.schemaTitle,
        () =>
          ranking(task, {
            title: t.byWhat,
            fields: [database, operation, table],
            filter: OF_CLASS('DDL'),
            columns: ['events', 'errors', 'last'],
          }),
        () =>
          ranking(task, {
            title: t.byWho,
            fields: [account, client],
            filter: OF_CLASS('DDL'),
            columns: ['events', 'errors', 'last'],
          }),
        () => statementList(task, t.list, OF_CLASS('DDL')),
      ),
      await section(
        task,
        t.rightsTitle,
        () =>
          ranking(task, {
            title: t.byWho,
            fields: [account, client, operation],
            filter: OF_CLASS('ROLE'),
            columns: ['events', 'errors', 'last'],
          }),
        () => statementList(task, t.list, OF_CLASS('ROLE')),
      ),
    ];
  },
};
