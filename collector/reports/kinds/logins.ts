import { both } from '../../../contract/filter.ts';
import { chart, counted, note, ranking, section } from '../blocks.ts';
import { fieldsOf } from '../fields.ts';
import { exists, FAILED_LOGINS, is, LOGINS, not, SUCCEEDED } from '../filters.ts';
import type { ReportKind } from '../kind.ts';

const SEEN = both(LOGINS, SUCCEEDED);

export const logins: ReportKind = {
  kind: 'logins',
  async build(task) {
    const { texts, source } = task;
    const t = texts.kinds.logins;
    const { account, client, system, authMethod, tls, program, errorCode } = fieldsOf(texts);
    return [
      await section(
        task,
        texts.frame.summary,
        () =>
          counted(task, [
            { label: t.succeeded, filter: SEEN },
            { label: t.failed, filter: FAILED_LOGINS },
            { label: t.unknown, filter: both(LOGINS, is('event.outcome', 'unknown')) },
            { label: t.changes, filter: is('event.action', 'db.session.change_user') },
            { label: t.clients, filter: SEEN, measure: 'clients' },
            { label: t.clear, filter: both(SEEN, not(exists('dbaudit.session.tls.version'))) },
          ]),
        () =>
          chart(task, { title: t.course, filter: { kind: 'any', of: [LOGINS, FAILED_LOGINS] }, by: 'event.outcome' }),
        async () => {
          const unseen = await source.count(is('event.action', 'db.session.midstream', 'db.session.undecodable'));
          return unseen === 0 ? [] : note('limit', t.unseen(task.formats.whole(unseen)));
        },
      ),
      await section(task, t.bad, () =>
        ranking(task, {
          title: t.failedBy,
          fields: [account, client, errorCode],
          filter: FAILED_LOGINS,
          columns: ['events', 'first', 'last'],
        }),
      ),
      await section(
        task,
        t.good,
        () =>
          ranking(task, {
            title: t.by,
            fields: [account, client, program],
            filter: SEEN,
            columns: ['events', 'first', 'last'],
          }),
        () =>
          ranking(task, { title: t.how, fields: [system, authMethod, tls], filter: SEEN, columns: ['events', 'last'] }),
      ),
    ];
  },
};
