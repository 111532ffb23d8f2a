import type { Ranked } from '../blocks.ts';
import { measured, note, ranking, section } from '../blocks.ts';
import { fieldsOf } from '../fields.ts';
import { STATEMENTS } from '../filters.ts';
import type { ReportKind } from '../kind.ts';

const COLUMNS: readonly Ranked[] = ['events', 'duration', 'average', 'rows', 'errors'];

export const statements: ReportKind = {
  kind: 'statements',
  async build(task) {
    const { texts } = task;
    const t = texts.kinds.statements;
    const { statement, fingerprint } = fieldsOf(texts);
    const fields = [fingerprint, statement];
    const filter = STATEMENTS;
    return [
      await section(
        task,
        texts.frame.summary,
        () => measured(task, filter, ['events', 'duration', 'rows', 'errors', 'slow']),
        async () => note('limit', t.templates),
      ),
      await section(task, t.most, () => ranking(task, { title: t.byCount, fields, filter, columns: COLUMNS })),
      await section(task, t.longest, () =>
        ranking(task, { title: t.byTime, fields, filter, measure: 'duration', columns: COLUMNS }),
      ),
      await section(task, t.widest, () =>
        ranking(task, { title: t.byRows, fields, filter, measure: 'rows', columns: COLUMNS }),
      ),
      await section(task, t.worst, () =>
        ranking(task, { title: t.byErrors, fields, filter, measure: 'errors', columns: COLUMNS }),
      ),
    ];
  },
};
