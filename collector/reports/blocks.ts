import { both, type Filter } from '../../contract/filter.ts';
import type { Measure, TopRow, Totals } from '../store/event-store.ts';
import { QueryTooLarge } from '../store/failure.ts';
import type { Block, Cell, Chart, Figure, Note, Section, Table, Unit } from './document.ts';
import type { ReportTask } from './kind.ts';

/** Parts that many kinds of report have in common. */

/** Nobody reads more of one statement in a table; a report is some hundreds of KB at most. */
const MAX_CHARACTERS = 1_000;

const UNITS: Readonly<Record<Measure, Unit>> = {
  events: 'count',
  errors: 'count',
  slow: 'count',
  rows: 'count',
  affected: 'count',
  bytes: 'bytes',
  duration: 'nanos',
  clients: 'count',
  sessions: 'count',
};

/** What a row of a ranking says of its events. */
const RANKED = {
  events: { unit: 'count', of: ({ events }: TopRow) => events },
  errors: { unit: 'count', of: ({ errors }: TopRow) => errors },
  errorShare: { unit: 'share', of: ({ events, errors }: TopRow) => (events === 0 ? null : errors / events) },
  rows: { unit: 'count', of: ({ rows }: TopRow) => rows },
  duration: { unit: 'nanos', of: ({ duration }: TopRow) => duration },
  average: { unit: 'nanos', of: ({ events, duration }: TopRow) => (events === 0 ? null : duration / events) },
  first: { unit: 'time', of: ({ first }: TopRow) => first },
  last: { unit: 'time', of: ({ last }: TopRow) => last },
} as const satisfies Readonly<Record<string, { readonly unit: Unit; readonly of: (row: TopRow) => Cell }>>;

export type Ranked = keyof typeof RANKED;

/** A field of a ranking and what its column is called. */
export interface RankedField {
  readonly field: string;
  readonly title: string;
  readonly code?: boolean;
}

export interface Ranking {
  readonly title: string;
  readonly fields: readonly RankedField[];
  readonly filter: Filter;
  readonly columns: readonly Ranked[];
  /** Events by default; another one has a column of its own unless it is among `columns`. */
  readonly measure?: Measure;
  readonly limit?: number;
}

/** A section whose questions take too long says so, and the others are made. */
export async function section(
  { texts }: ReportTask,
  title: string,
  ...parts: readonly (() => Promise<Block | readonly Block[] | readonly Figure[]>)[]
): Promise<Section> {
  const blocks: Block[] = [];
  for (const part of parts) {
    try {
      blocks.push(...blocksOf(await part()));
    } catch (error) {
      if (!(error instanceof QueryTooLarge)) throw error;
      blocks.push(note('limit', texts.frame.tooLarge));
    }
  }
  return { title, blocks };
}

/** Figures alone are one block. */
function blocksOf(part: Block | readonly Block[] | readonly Figure[]): readonly Block[] {
  const all = [part].flat();
  const known = all.filter((one) => 'label' in one);
  return known.length > 0 ? [figures(known)] : all.filter((one) => 'kind' in one);
}

export function note(tone: Note['tone'], text: string): Note {
  return { kind: 'note', tone, text };
}

export function paragraph(text: string): Block {
  return { kind: 'paragraph', text };
}

/** Measures of these events, with the time before beside them. */
export async function measured(
  { source, texts }: ReportTask,
  filter: Filter,
  measures: readonly Measure[],
): Promise<readonly Figure[]> {
  const now = await source.totals(filter);
  const then = source.before && (await source.totals(filter, source.before));
  return measures.map((measure) => figureOf(texts.measures[measure], measure, now, then));
}

function figureOf(label: string, measure: Measure, now: Totals, then: Totals | undefined): Figure {
  return { label, value: now[measure], unit: UNITS[measure], ...(then === undefined ? {} : { before: then[measure] }) };
}

/** One measure of each of several sorts of events. */
export async function counted(
  { source }: ReportTask,
  sorts: readonly { readonly label: string; readonly filter: Filter; readonly measure?: Measure }[],
): Promise<readonly Figure[]> {
  const all: Figure[] = [];
  for (const { label, filter, measure = 'events' } of sorts) {
    const value = await source.count(filter, measure);
    const before = source.before && (await source.count(filter, measure, source.before));
    all.push({ label, value, unit: UNITS[measure], ...(before === undefined ? {} : { before }) });
  }
  return all;
}

export function figures(all: readonly Figure[]): Block {
  return { kind: 'figures', figures: [...all] };
}

export function share(label: string, part: number, whole: number): Figure {
  return { label, value: whole === 0 ? null : part / whole, unit: 'share' };
}

/** The values with most of a measure, with what their events say. */
export async function ranking(task: ReportTask, wanted: Ranking): Promise<Table> {
  const { title, fields, filter, columns, measure = 'events', limit = task.rows } = wanted;
  const { words, measures } = task.texts;
  const names = fields.map(({ field }) => field);
  const top = await task.source.top({ fields: names, filter: both(filter), measure, limit });
  const own = measure === 'events' || columns.some((name) => name === measure) ? [] : [measure];
  return table(
    title,
    [
      ...fields.map(({ title: name, code }) => ({
        title: name,
        unit: code === true ? ('code' as const) : ('text' as const),
      })),
      ...own.map((name) => ({ title: measures[name], unit: UNITS[name] })),
      ...columns.map((name) => ({ title: words[name], unit: RANKED[name].unit })),
    ],
    top.rows.map((row) => [...row.values, ...own.map(() => row.count), ...columns.map((name) => RANKED[name].of(row))]),
    top.distinct - top.rows.length,
  );
}

export function table(title: string, columns: Table['columns'], rows: readonly (readonly Cell[])[], more = 0): Table {
  return { kind: 'table', title, columns, rows: rows.map((row) => row.map(fitted)), more: Math.max(0, more) };
}

function fitted(cell: Cell): Cell {
  return typeof cell === 'string' && cell.length > MAX_CHARACTERS ? `${cell.slice(0, MAX_CHARACTERS)}…` : cell;
}

/** A measure over the time, in a line for each of the most frequent values of `by`. */
export async function chart(
  { source, texts }: ReportTask,
  wanted: {
    readonly title: string;
    readonly filter: Filter;
    readonly measure?: Measure;
    readonly by?: string;
    readonly lines?: number;
  },
): Promise<Chart> {
  const { title, filter, measure = 'events', by, lines = 5 } = wanted;
  const found = await source.histogram({ filter, measure, ...(by === undefined ? {} : { by, lines }) });
  const name = (value: string) =>
    value !== '' ? value : by === undefined ? texts.measures[measure] : texts.frame.others;
  return {
    kind: 'chart',
    title,
    unit: UNITS[measure],
    stepSeconds: source.stepSeconds,
    steps: [...found.steps],
    lines: found.lines.map(({ value, counts }) => ({ name: name(value), values: [...counts] })),
  };
}
