import * as z from 'zod';

/**
 * How an amount is shown. `nanos`: a span in nanoseconds; `time`: milliseconds since 1970; `share`: of one; `code`: text as a
 * machine has it. Renderers that machines read give the bare amount.
 */
const unit = z.enum(['text', 'code', 'count', 'bytes', 'nanos', 'share', 'time']);
/** null: not known, or not there. */
const cell = z.union([z.string(), z.number(), z.null()]);

const figure = z.object({
  label: z.string(),
  value: cell,
  unit,
  /** Of the time of equal length before. */
  before: z.number().optional(),
});

const figures = z.object({ kind: z.literal('figures'), figures: z.array(figure) });
const table = z.object({
  kind: z.literal('table'),
  title: z.string(),
  columns: z.array(z.object({ title: z.string(), unit })),
  rows: z.array(z.array(cell)),
  /** Rows that are not shown; 0: all are. */
  more: z.number(),
});
const chart = z.object({
  kind: z.literal('chart'),
  title: z.string(),
  unit,
  stepSeconds: z.number(),
  /** The beginning of each step, milliseconds since 1970. */
  steps: z.array(z.number()),
  lines: z.array(z.object({ name: z.string(), values: z.array(z.number()) })),
});
const paragraph = z.object({ kind: z.literal('paragraph'), text: z.string() });
/** `limit`: what could not be seen or counted, to be known before the rest is trusted. */
const note = z.object({ kind: z.literal('note'), tone: z.enum(['limit', 'attention', 'good']), text: z.string() });
const section = z.object({
  title: z.string(),
  blocks: z.array(z.discriminatedUnion('kind', [figures, table, chart, paragraph, note])),
});
const range = z.object({ from: z.number(), to: z.number() });

/** A report as it is kept: facts and texts of one language, without any form. Holds no literals of statements. */
export const reportDocumentSchema = z.object({
  id: z.string(),
  kind: z.string(),
  title: z.string(),
  description: z.string(),
  language: z.enum(['en', 'zh']),
  timeZone: z.string(),
  range,
  madeAt: z.number(),
  by: z.string(),
  cluster: z.string().optional(),
  /** Whose events it is of; only who sees all of them sees the report. */
  namespaces: z.union([z.literal('all'), z.array(z.string())]),
  /** Whether what is kept reaches back over all of the time before. */
  hasBefore: z.boolean(),
  sections: z.array(section),
});

export type ReportDocument = z.infer<typeof reportDocumentSchema>;
export type Section = z.infer<typeof section>;
export type Block = Section['blocks'][number];
export type Figure = z.infer<typeof figure>;
export type Table = z.infer<typeof table>;
export type Chart = z.infer<typeof chart>;
export type Note = z.infer<typeof note>;
export type Unit = z.infer<typeof unit>;
export type Cell = z.infer<typeof cell>;
export type Language = ReportDocument['language'];
