import { both } from '../../../contract/filter.ts';
import { figures, note, ranking, section, table } from '../blocks.ts';
import type { Block } from '../document.ts';
import { fieldsOf } from '../fields.ts';
import { exists, not, STATEMENTS } from '../filters.ts';
import type { ReportKind, ReportTask } from '../kind.ts';

/** Combinations that are read; a matrix that does not show all of them says so. */
const MAX_COMBINATIONS = 1_000;
const CLASSES = ['READ', 'WRITE', 'DDL', 'ROLE'] as const;
const OWNER = 'dbaudit.client.k8s.owner.name';

export const matrix: ReportKind = {
  kind: 'matrix',
  async build(task) {
    const { texts } = task;
    const t = texts.kinds.matrix;
    const { client, account, database, system, server } = fieldsOf(texts);
    return [
      await section(
        task,
        texts.frame.summary,
        async () => {
          const { clients, sessions } = await task.source.totals(STATEMENTS);
          const { distinct } = await task.source.top({
            fields: [OWNER],
            filter: both(STATEMENTS, exists(OWNER)),
            measure: 'events',
            limit: 1,
          });
          return figures([
            { label: t.workloadCount, value: distinct, unit: 'count' },
            { label: texts.measures.clients, value: clients, unit: 'count' },
            { label: texts.measures.sessions, value: sessions, unit: 'count' },
          ]);
        },
        () => workloads(task),
      ),
      await section(
        task,
        t.unknown,
        async () => note('limit', t.unknownWhy),
        () =>
          ranking(task, {
            title: t.addresses,
            fields: [client, system, database],
            filter: both(STATEMENTS, not(exists(OWNER))),
            columns: ['events', 'errors', 'first', 'last'],
          }),
      ),
      await section(task, t.accounts, () =>
        ranking(task, {
          title: t.byAccount,
          fields: [account, server, database],
          filter: STATEMENTS,
          columns: ['events', 'errors', 'first', 'last'],
        }),
      ),
    ];
  },
};

/** A row for each workload and database, a column for each class of statements. */
async function workloads({ source, texts, rows: limit }: ReportTask): Promise<Block> {
  const { words } = texts;
  const fields = ['dbaudit.client.k8s.namespace', OWNER, 'db.system.name', 'db.namespace', 'dbaudit.statement.class'];
  const filter = both(STATEMENTS, exists(OWNER));
  const found = await source.top({ fields, filter, measure: 'events', limit: MAX_COMBINATIONS });
  const byPair = Map.groupBy(found.rows, ({ values }) => JSON.stringify(values.slice(0, 4)));
  const pairs = [...byPair.values()].map((rows) => {
    const of = (name: string) => rows.find(({ values }) => values[4] === name)?.events ?? 0;
    const events = rows.reduce((sum, row) => sum + row.events, 0);
    const known = CLASSES.map(of);
    const others = events - known.reduce((sum, count) => sum + count, 0);
    const [namespace = '', owner = '', system = '', database = ''] = rows[0]?.values ?? [];
    return {
      events,
      cells: [`${namespace}/${owner}`, system, database, ...known, others, Math.max(...rows.map(({ last }) => last))],
    };
  });
  const sorted = pairs.sort((one, other) => other.events - one.events);
  return table(
    texts.kinds.matrix.workloads,
    [
      ...[words.workload, words.system, words.database].map((title) => ({ title, unit: 'text' as const })),
      ...CLASSES.map((title) => ({ title, unit: 'count' as const })),
      { title: words.others, unit: 'count' },
      { title: words.last, unit: 'time' },
    ],
    // A matrix that leaves out pairs is of little use: four times the rows of other tables.
    sorted.slice(0, limit * 4).map(({ cells }) => cells),
    Math.max(sorted.length - limit * 4, 0) + Math.max(found.distinct - found.rows.length, 0),
  );
}
