import { both } from '../../../contract/filter.ts';
import { chart, counted, ranking, section } from '../blocks.ts';
import { fieldsOf } from '../fields.ts';
import { DATABASE, exists, FAILED, FAILED_LOGINS, is, OF_CLASS, STATEMENTS, SUCCEEDED } from '../filters.ts';
import type { ReportKind } from '../kind.ts';
import { statementList } from '../statement-list.ts';

const REMOVALS = both(
  STATEMENTS,
  is(
    'db.operation.name',
    'DROP TABLE',
    'DROP DATABASE',
    'DROP SCHEMA',
    'TRUNCATE',
    'TRUNCATE TABLE',
    'FLUSHALL',
    'FLUSHDB',
  ),
);

export const security: ReportKind = {
  kind: 'security',
  async build(task) {
    const { texts } = task;
    const t = texts.kinds.security;
    const { account, client, errorCode, resource, actor } = fieldsOf(texts);
    return [
      await section(
        task,
        texts.frame.summary,
        () =>
          counted(task, [
            { label: t.failedLogins, filter: FAILED_LOGINS },
            { label: t.failed, filter: both(STATEMENTS, FAILED) },
            { label: t.rights, filter: both(OF_CLASS('ROLE'), SUCCEEDED) },
            { label: t.schema, filter: both(OF_CLASS('DDL'), SUCCEEDED) },
            { label: t.removals, filter: both(REMOVALS, SUCCEEDED) },
            {
              label: t.external,
              filter: both(DATABASE, is('dbaudit.client.k8s.kind', 'external')),
              measure: 'clients',
            },
            { label: t.raised, filter: is('event.action', 'alert.raised') },
            { label: t.refused, filter: is('event.action', 'dbaudit.refused') },
          ]),
        () => chart(task, { title: t.course, filter: both(STATEMENTS, FAILED), measure: 'events' }),
      ),
      await section(task, t.logins, () =>
        ranking(task, {
          title: t.byClient,
          fields: [account, client],
          filter: FAILED_LOGINS,
          columns: ['events', 'first', 'last'],
        }),
      ),
      await section(task, t.errors, () =>
        ranking(task, {
          title: t.byCode,
          fields: [errorCode, account],
          filter: both(STATEMENTS, FAILED, exists('error.code')),
          columns: ['events', 'last'],
        }),
      ),
      await section(task, t.dangerous, () => statementList(task, t.removalList, REMOVALS)),
      await section(task, t.door, () =>
        ranking(task, {
          title: t.refusals,
          fields: [resource, actor, client],
          filter: is('event.action', 'dbaudit.refused'),
          columns: ['events', 'last'],
        }),
      ),
    ];
  },
};
