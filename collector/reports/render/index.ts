import type { ReportFormat } from '../../api/services.ts';
import type { ReportDocument } from '../document.ts';
import { csvOf } from './csv.ts';
import { htmlOf } from './html.ts';
import { pdfOf } from './pdf.ts';

export const REPORT_TYPES: Readonly<Record<ReportFormat, string>> = {
  html: 'text/html; charset=utf-8',
  pdf: 'application/pdf',
  csv: 'text/csv; charset=utf-8',
};

/** @throws QueryProblem where there is no font for PDF */
export async function renderReport(document: ReportDocument, format: ReportFormat): Promise<Buffer> {
  switch (format) {
    case 'html':
      return Buffer.from(htmlOf(document));
    case 'csv':
      return Buffer.from(csvOf(document));
    case 'pdf':
      return pdfOf(document);
  }
}
