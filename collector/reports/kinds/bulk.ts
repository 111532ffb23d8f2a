import { both } from '../../../contract/filter.ts';
import { chart, counted, note, ranking, section } from '../blocks.ts';
import { fieldsOf } from '../fields.ts';
import { any, atLeast, is, likeAny, STATEMENTS } from '../filters.ts';
import type { ReportKind } from '../kind.ts';
import { statementList } from '../statement-list.ts';

/** Below the rules' own limits (collector/rules/builtin), so that what stays just under them is seen too. */
const MANY_ROWS = 10_000;
const MANY_CHANGED = 1_000;
const MANY_BYTES = 10_000_000;
const DUMP_TOOLS = [
  'mysqldump',
  'mariadb-dump',
  'mydumper',
  'pg_dump',
  'pg_dumpall',
  'pg_basebackup',
  'mongodump',
] as const;
const FILES = [
  '*into outfile*',
  '*into dumpfile*',
  '*load_file(*',
  '*pg_read_file(*',
  '*pg_read_binary_file(*',
  '*lo_export(*',
];

const READ = both(
  STATEMENTS,
  any(atLeast('db.response.returned_rows', MANY_ROWS), atLeast('dbaudit.result.bytes', MANY_BYTES)),
);
const CHANGED = both(STATEMENTS, atLeast('dbaudit.result.affected_rows', MANY_CHANGED));
const DUMPS = is('dbaudit.session.program', ...DUMP_TOOLS);
const COPIED = any(is('event.action', 'db.copy'), both(STATEMENTS, likeAny('dbaudit.statement.template', FILES)));

export const bulk: ReportKind = {
  kind: 'bulk',
  async build(task) {
    const { texts, formats } = task;
    const t = texts.kinds.bulk;
    const { account, client, table, statement, program, database } = fieldsOf(texts);
    const rows = formats.whole(MANY_ROWS);
    return [
      await section(
        task,
        texts.frame.summary,
        () =>
          counted(task, [
            { label: t.read(rows, formats.bytes(MANY_BYTES)), filter: READ },
            { label: t.changed(formats.whole(MANY_CHANGED)), filter: CHANGED },
            { label: t.dumps, filter: both(DUMPS, STATEMENTS) },
            { label: t.copies, filter: COPIED },
          ]),
        () => chart(task, { title: t.course, filter: STATEMENTS, measure: 'rows', by: 'user.name', lines: 4 }),
      ),
      await section(
        task,
        t.readTitle,
        () =>
          ranking(task, {
            title: t.byWho,
            fields: [account, client, table],
            filter: READ,
            measure: 'rows',
            columns: ['rows', 'events', 'last'],
          }),
        () =>
          ranking(task, {
            title: t.byBytes,
            fields: [account, client, statement],
            filter: READ,
            measure: 'bytes',
            columns: ['events', 'last'],
          }),
      ),
      await section(task, t.changedTitle, () =>
        ranking(task, {
          title: t.byStatement,
          fields: [account, client, statement],
          filter: CHANGED,
          measure: 'affected',
          columns: ['events', 'last'],
        }),
      ),
      await section(
        task,
        t.exports,
        () =>
          ranking(task, {
            title: t.tools,
            fields: [program, account, client, database],
            filter: both(DUMPS, STATEMENTS),
            columns: ['events', 'rows', 'first', 'last'],
          }),
        () => statementList(task, t.copyList, COPIED),
        async () => note('limit', t.programs),
      ),
    ];
  },
};
