import { figures, note, section, table } from '../blocks.ts';
import { FRAMEWORKS, type Served } from '../clauses.ts';
import type { Section } from '../document.ts';
import { evidenceOf } from '../evidence.ts';
import type { ReportKind } from '../kind.ts';

/** From when on a warning is due: the Cybersecurity Law's six months, PCI DSS' year. */
const LEAST_RETENTION_DAYS = { csl: 180, pci: 365 } as const;

export const compliance: ReportKind = {
  kind: 'compliance',
  async build(task) {
    const { texts, retentionDays } = task;
    const t = texts.compliance;
    const evidence = await evidenceOf(task);
    const all = FRAMEWORKS.flatMap(({ clauses }) => clauses);
    const number = (served: Served) => all.filter((clause) => clause.served === served).length;
    const sections: Section[] = [
      await section(
        task,
        texts.frame.summary,
        async () => note('limit', t.disclaimer),
        async () =>
          figures([
            { label: t.served.served, value: number('served'), unit: 'count' },
            { label: t.served.partly, value: number('partly'), unit: 'count' },
            { label: t.served.elsewhere, value: number('elsewhere'), unit: 'count' },
          ]),
        async () =>
          retentionDays !== undefined && retentionDays < LEAST_RETENTION_DAYS.csl ? note('attention', t.shortCsl) : [],
        async () =>
          retentionDays !== undefined && retentionDays < LEAST_RETENTION_DAYS.pci ? note('attention', t.shortPci) : [],
      ),
    ];
    for (const { id, clauses } of FRAMEWORKS) {
      const rows = clauses.map((clause) => [
        clause.number,
        t.clauses[clause.id].asks,
        t.served[clause.served],
        t.clauses[clause.id].by,
        clause.evidence.map((name) => evidence[name] ?? t.unknown(t.names[name])).join(t.and) || null,
      ]);
      const columns = [t.columns.clause, t.columns.asks, t.columns.served, t.columns.by, t.columns.evidence];
      sections.push(
        await section(task, t.frameworks[id], async () =>
          table(
            '',
            columns.map((title) => ({ title, unit: 'text' as const })),
            rows,
          ),
        ),
      );
    }
    return sections;
  },
};
