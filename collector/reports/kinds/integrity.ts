import type { VerifyAnswer } from '../../../contract/collector-api.ts';
import { figures, note, paragraph, section, table } from '../blocks.ts';
import type { Block, Note } from '../document.ts';
import { is } from '../filters.ts';
import type { ReportKind, ReportTask } from '../kind.ts';

export const integrity: ReportKind = {
  kind: 'integrity',
  async build(task) {
    const { texts, rows, status, retentionDays, source } = task;
    const t = texts.kinds.integrity;
    const verdict = await task.verify?.();
    return [
      await section(
        task,
        texts.frame.summary,
        async () => verdictNote(task, verdict),
        async () =>
          verdict === undefined
            ? []
            : figures([
                { label: t.chains, value: verdict.chains, unit: 'count' },
                { label: t.events, value: verdict.events, unit: 'count' },
                { label: t.checkpoints, value: verdict.checkpoints, unit: 'count' },
                { label: t.findings, value: verdict.findings.length, unit: 'count' },
              ]),
        async () => paragraph(t.how),
      ),
      await section(task, t.findings, async () => findings(verdict?.findings.slice(0, rows * 4) ?? [])),
      await section(
        task,
        t.store,
        async () => {
          const kept = await status?.();
          if (kept === undefined) return note('limit', texts.frame.wholeOnly);
          return figures([
            { label: t.kept, value: kept.events, unit: 'count' },
            { label: t.size, value: kept.bytes, unit: 'bytes' },
            { label: t.oldest, value: kept.oldest ?? null, unit: 'time' },
            { label: t.encrypted, value: kept.encrypted ? texts.words.yes : texts.words.no, unit: 'text' },
            { label: t.retention, value: retentionDays ?? null, unit: 'count' },
          ]);
        },
        async () =>
          figures([
            { label: t.reads, value: await source.count(is('event.action', 'dbaudit.access')), unit: 'count' },
            { label: t.refused, value: await source.count(is('event.action', 'dbaudit.refused')), unit: 'count' },
          ]),
      ),
    ];

    function findings(list: VerifyAnswer['findings']): Block {
      const { words } = texts;
      return table(
        t.list,
        [
          { title: t.chain, unit: 'code' },
          { title: words.what, unit: 'text' },
          { title: t.position, unit: 'count' },
          { title: words.time, unit: 'time' },
          { title: t.message, unit: 'text' },
        ],
        list.map(({ chain, kind, position, at, message }) => [
          chain,
          t.kinds[kind],
          position ?? null,
          at ?? null,
          message,
        ]),
        (verdict?.findings.length ?? 0) - list.length,
      );
    }
  },
};

/** What verification says, in one sentence. */
export function verdictNote({ texts, verify, formats }: ReportTask, verdict: VerifyAnswer | undefined): Note {
  const t = texts.kinds.integrity;
  if (verdict === undefined) return note('limit', verify === undefined ? texts.frame.wholeOnly : t.tooLong);
  return verdict.intact
    ? note('good', t.intact(formats.whole(verdict.events), formats.whole(verdict.chains)))
    : note('attention', t.broken);
}
