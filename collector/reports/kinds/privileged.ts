import { both } from '../../../contract/filter.ts';
import { chart, counted, note, paragraph, ranking, section } from '../blocks.ts';
import { fieldsOf } from '../fields.ts';
import { FAILED, FAILED_LOGINS, LOGINS, likeAny, OF_CLASS, STATEMENTS, SUCCEEDED } from '../filters.ts';
import type { ReportKind } from '../kind.ts';
import { statementList } from '../statement-list.ts';

export const privileged: ReportKind = {
  kind: 'privileged',
  async build(task) {
    const { texts, privilegedAccounts } = task;
    const t = texts.kinds.privileged;
    const { account, client, database, operation, statementClass, table, program } = fieldsOf(texts);
    const theirs = likeAny('user.name', privilegedAccounts);
    return [
      await section(
        task,
        texts.frame.summary,
        async () => paragraph(t.who(privilegedAccounts.join(', '))),
        () =>
          counted(task, [
            { label: t.statements, filter: both(theirs, STATEMENTS) },
            { label: t.failed, filter: both(theirs, STATEMENTS, FAILED) },
            { label: t.changes, filter: both(theirs, OF_CLASS('DDL', 'ROLE')) },
            { label: t.logins, filter: both(theirs, LOGINS, SUCCEEDED) },
            { label: t.failedLogins, filter: both(theirs, FAILED_LOGINS) },
            { label: t.sources, filter: both(theirs, STATEMENTS), measure: 'clients' },
          ]),
        () => chart(task, { title: t.course, filter: both(theirs, STATEMENTS), by: 'user.name' }),
      ),
      await section(task, t.from, () =>
        ranking(task, {
          title: t.bySource,
          fields: [account, client, program],
          filter: both(theirs, STATEMENTS),
          columns: ['events', 'errors', 'rows', 'first', 'last'],
        }),
      ),
      await section(
        task,
        t.what,
        () =>
          ranking(task, {
            title: t.byOperation,
            fields: [account, database, statementClass, operation],
            filter: both(theirs, STATEMENTS),
            columns: ['events', 'errors', 'rows'],
          }),
        () =>
          ranking(task, {
            title: t.tables,
            fields: [account, table],
            filter: both(theirs, STATEMENTS),
            columns: ['events', 'rows'],
          }),
        () => statementList(task, t.changeList, both(theirs, OF_CLASS('DDL', 'ROLE'))),
      ),
      await section(
        task,
        t.others,
        async () => note('limit', t.othersWhy),
        () =>
          ranking(task, {
            title: t.otherAccounts,
            fields: [account, client],
            filter: both(OF_CLASS('ROLE'), { kind: 'not', filter: theirs }),
            columns: ['events', 'errors', 'last'],
          }),
      ),
    ];
  },
};
