import { both } from '../../../contract/filter.ts';
import { chart, figures, note, ranking, section, share } from '../blocks.ts';
import { fieldsOf } from '../fields.ts';
import { FAILED, is, STATEMENTS } from '../filters.ts';
import type { ReportKind } from '../kind.ts';

const UNKNOWN = is('event.outcome', 'unknown');

export const failures: ReportKind = {
  kind: 'failures',
  async build(task) {
    const { texts, source } = task;
    const t = texts.kinds.failures;
    const { account, client, database, errorCode, statement, operation } = fieldsOf(texts);
    const failed = both(STATEMENTS, FAILED);
    const [all, bad, unknown] = [
      await source.count(STATEMENTS),
      await source.count(failed),
      await source.count(both(STATEMENTS, UNKNOWN)),
    ];
    return [
      await section(
        task,
        texts.frame.summary,
        async () =>
          figures([
            { label: t.succeeded, value: all - bad - unknown, unit: 'count' },
            {
              label: t.failed,
              value: bad,
              unit: 'count',
              ...(source.before === undefined ? {} : { before: await source.count(failed, 'events', source.before) }),
            },
            share(t.share, bad, all),
            { label: t.unknown, value: unknown, unit: 'count' },
          ]),
        () => chart(task, { title: t.course, filter: STATEMENTS, by: 'event.outcome' }),
        async () => (unknown === 0 ? [] : note('limit', t.unknownWhy)),
      ),
      await section(
        task,
        t.why,
        () =>
          ranking(task, {
            title: t.byCode,
            fields: [errorCode, database],
            filter: failed,
            columns: ['events', 'first', 'last'],
          }),
        () =>
          ranking(task, {
            title: t.byStatement,
            fields: [statement, errorCode],
            filter: failed,
            columns: ['events', 'last'],
          }),
      ),
      await section(
        task,
        t.who,
        () =>
          ranking(task, {
            title: t.byAccount,
            fields: [account, client],
            filter: STATEMENTS,
            measure: 'errors',
            columns: ['errors', 'events', 'errorShare'],
          }),
        () =>
          ranking(task, {
            title: t.byOperation,
            fields: [database, operation],
            filter: STATEMENTS,
            measure: 'errors',
            columns: ['errors', 'events', 'errorShare'],
          }),
      ),
    ];
  },
};
