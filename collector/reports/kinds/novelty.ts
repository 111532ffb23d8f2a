import { both, type Filter } from '../../../contract/filter.ts';
import type { TimeRange, TopRow } from '../../store/event-store.ts';
import { note, paragraph, section, table } from '../blocks.ts';
import type { Block } from '../document.ts';
import { fieldsOf } from '../fields.ts';
import { exists, is, STATEMENTS } from '../filters.ts';
import type { ReportKind, ReportTask } from '../kind.ts';

/** What was not seen for so long before the report's time is new in it. */
const MEMORY_MILLIS = 30 * 86_400_000;
/** Values that are compared; more than that are not listed by anybody. */
const MAX_VALUES = 1_000;

export const novelty: ReportKind = {
  kind: 'novelty',
  async build(task) {
    const { source, texts, formats } = task;
    const t = texts.kinds.novelty;
    const { account, client, workload, table: name, fingerprint } = fieldsOf(texts);
    const memory = { from: Math.max(0, source.range.from - MEMORY_MILLIS), to: source.range.from };
    const reaches = source.oldest !== undefined && source.oldest < memory.to;
    if (!reaches) return [await section(task, texts.frame.summary, async () => note('limit', t.nothingBefore))];
    const sorts = [
      { title: t.accounts, field: account },
      { title: t.clients, field: client },
      { title: t.workloads, field: workload },
      { title: t.tables, field: name },
      { title: t.fingerprints, field: fingerprint },
    ];
    const sections = [
      await section(
        task,
        texts.frame.summary,
        async () => paragraph(t.how(formats.minute(memory.from))),
        async () =>
          source.oldest !== undefined && source.oldest > memory.from
            ? note('limit', t.shortMemory(formats.minute(source.oldest)))
            : [],
      ),
    ];
    for (const { title, field } of sorts) {
      sections.push(
        await section(
          task,
          title,
          () => appeared(task, field, memory),
          () => dormant(task, field, memory),
        ),
      );
    }
    return sections;
  },
};

interface Named {
  readonly field: string;
  readonly title: string;
}

async function appeared(task: ReportTask, field: Named, memory: TimeRange): Promise<readonly Block[]> {
  const { texts, source } = task;
  const now = await values(task, field, source.range);
  const known = await namesWithin(task, field, now, memory);
  const fresh = now.rows.filter(({ values: [value = ''] }) => !known.has(value));
  return [listed(task, texts.kinds.novelty.appeared, field, fresh), ...left(task, now.more)];
}

async function dormant(task: ReportTask, field: Named, memory: TimeRange): Promise<readonly Block[]> {
  const { texts, source } = task;
  const before = await values(task, field, memory);
  const seen = await namesWithin(task, field, before, source.range);
  const gone = before.rows.filter(({ values: [value = ''] }) => !seen.has(value));
  return [listed(task, texts.kinds.novelty.dormant, field, gone), ...left(task, before.more)];
}

interface Values {
  readonly rows: readonly TopRow[];
  readonly more: number;
}

async function values({ source }: ReportTask, { field }: Named, range: TimeRange): Promise<Values> {
  const filter = both(STATEMENTS, exists(field));
  const { rows, distinct } = await source.top({ fields: [field], filter, measure: 'events', limit: MAX_VALUES, range });
  return { rows, more: distinct - rows.length };
}

async function namesWithin(
  { source }: ReportTask,
  { field }: Named,
  { rows }: Values,
  range: TimeRange,
): Promise<ReadonlySet<string>> {
  const names = rows.flatMap(({ values: [value] }) => value ?? []);
  if (names.length === 0) return new Set();
  const filter: Filter = both(STATEMENTS, is(field, ...names));
  // Of an event with several tables the others are ranked too: all that there are may be among them.
  const top = await source.top({ fields: [field], filter, measure: 'events', limit: MAX_VALUES * 10, range });
  return new Set(top.rows.flatMap(({ values: [value] }) => value ?? []));
}

function listed(
  { texts: { words }, rows: limit }: ReportTask,
  title: string,
  field: Named,
  rows: readonly TopRow[],
): Block {
  return table(
    title,
    [
      { title: field.title, unit: 'code' },
      { title: words.events, unit: 'count' },
      { title: words.first, unit: 'time' },
      { title: words.last, unit: 'time' },
    ],
    rows.slice(0, limit).map(({ values: [value = ''], events, first, last }) => [value, events, first, last]),
    rows.length - limit,
  );
}

function left({ texts, formats }: ReportTask, more: number): Block[] {
  return more <= 0 ? [] : [note('limit', texts.kinds.novelty.left(formats.whole(MAX_VALUES), formats.whole(more)))];
}
