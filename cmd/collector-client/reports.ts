import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { reportSchema, reportsAnswerSchema } from '../../contract/collector-api.ts';
import { UserError } from '../../contract/user-error.ts';
import type { CommandContext } from '../context.ts';
import type { ReportListDocument } from '../output/schemas/collector-lists.ts';
import { OUTPUT_API_VERSION, printDocument } from '../output/structured.ts';
import { type Column, formatTable } from '../output/table.ts';
import type { Collector } from './collector.ts';
import type { TimeRange } from './time-range.ts';
import { withCollector } from './with-collector.ts';

export type ReportFormat = 'html' | 'pdf' | 'csv';

/** For whoever runs this alone: a report shows who did what. */
const OWNER_ONLY = 0o600;

/** Kinds, and reports that were made. */
export async function listReports(context: CommandContext, output: 'table' | 'json' | 'yaml'): Promise<void> {
  const { screen, signal } = context;
  const answer = await withCollector(context, (collector) =>
    collector.ask({ method: 'GET', path: '/reports', signal }, reportsAnswerSchema),
  );
  const document: ReportListDocument = { apiVersion: OUTPUT_API_VERSION, kind: 'ReportList', ...answer };
  if (output !== 'table') {
    printDocument(screen, output, document);
    return;
  }
  for (const line of formatTable(KIND_COLUMNS, answer.kinds, { width: screen.width })) screen.print(line);
  if (answer.reports.length === 0) return;
  screen.print('');
  for (const line of formatTable(REPORT_COLUMNS, answer.reports, { width: screen.width })) screen.print(line);
}

export interface ReportFile {
  readonly format: ReportFormat;
  /** `-` is standard output; absent: `dbaudit-ID.FORMAT` here. */
  readonly file?: string;
}

export interface ReportRequest extends ReportFile {
  readonly kind: string;
  readonly range: TimeRange;
  readonly language: 'en' | 'zh';
}

/** Has a report made, and fetches it. */
export async function makeReport(context: CommandContext, request: ReportRequest): Promise<void> {
  const { screen, signal } = context;
  const { kind, range, language } = request;
  await withCollector(context, async (collector) => {
    const { id } = await screen.progress(`making the report ${kind}`, () =>
      collector.ask({ path: '/reports', body: { kind, range, language }, slow: true, signal }, reportSchema),
    );
    await fetchReport(context, collector, id, request);
  });
}

export async function getReport(context: CommandContext, id: string, file: ReportFile): Promise<void> {
  await withCollector(context, (collector) => fetchReport(context, collector, id, file));
}

async function fetchReport(
  { screen, signal, stdout }: CommandContext,
  collector: Collector,
  id: string,
  { format, file: to = fileName(id, format) }: ReportFile,
): Promise<void> {
  const answer = await collector.stream({
    method: 'GET',
    path: `/reports/${encodeURIComponent(id)}.${format}`,
    signal,
  });
  if (to === '-') {
    await pipeline(answer, stdout, { end: false });
    return;
  }
  try {
    await pipeline(answer, createWriteStream(to, { mode: OWNER_ONLY }));
  } catch (error) {
    const reason = typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : '';
    throw new UserError('DBA1002', `${to} cannot be written: ${reason}`, '--file names another.');
  }
  screen.say(`${screen.paint('green', '√')} report ${id} is in ${to}`);
}

const KIND_COLUMNS: readonly Column<ReportListDocument['kinds'][number]>[] = [
  { heading: 'KIND', cell: ({ kind }) => kind },
  { heading: 'TITLE', cell: ({ title }) => title },
  { heading: 'DESCRIPTION', mayShrink: true, cell: ({ description }) => description },
];

const REPORT_COLUMNS: readonly Column<ReportListDocument['reports'][number]>[] = [
  { heading: 'REPORT', cell: ({ id }) => id },
  { heading: 'KIND', cell: ({ kind }) => kind },
  { heading: 'FROM', cell: ({ range }) => timeText(range.from) },
  { heading: 'TO', cell: ({ range }) => timeText(range.to) },
  { heading: 'MADE', leftOut: 1, cell: ({ madeAt }) => timeText(madeAt) },
  { heading: 'BY', leftOut: 2, mayShrink: true, cell: ({ by }) => by },
];

/** To the minute. */
function timeText(millis: number): string {
  return `${new Date(millis).toISOString().slice(0, 16)}Z`;
}

/** Of the id only what a file's name can have. */
function fileName(id: string, format: ReportFormat): string {
  return `dbaudit-${id.replace(/[^\w-]/g, '_')}.${format}`;
}
