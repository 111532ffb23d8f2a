import type { Block, Figure, Note, ReportDocument } from '../document.ts';
import { type ReportTexts, reportTexts } from '../texts/index.ts';
import { Formats } from './formats.ts';
import { headingOf } from './heading.ts';
import { comparison } from './html.ts';
import { shown } from './markup.ts';
import { drawChart } from './pdf-chart.ts';
import { type PdfFont, pdfFont } from './pdf-fonts.ts';
import { INK, MARGIN, PdfPage } from './pdf-page.ts';
import { drawTable } from './pdf-table.ts';

const TONES: Readonly<Record<Note['tone'], { readonly ink: string; readonly ground: string }>> = {
  limit: { ink: '#5b4300', ground: '#fdf5e3' },
  attention: { ink: '#9c1c16', ground: '#fdf0ef' },
  good: { ink: '#17693a', ground: '#edf7f0' },
};
const FIGURES_PER_ROW = 4;

interface Form {
  readonly page: PdfPage;
  readonly texts: ReportTexts;
  readonly formats: Formats;
}

/** A4, with the letters of the font that it uses in it. @throws QueryProblem where there is no font */
export async function pdfOf(document: ReportDocument, fonts?: readonly PdfFont[]): Promise<Buffer> {
  const { language, timeZone, title, description, sections, madeAt } = document;
  const { file, family } = await pdfFont(fonts);
  // Takes some megabytes; loaded with the first PDF.
  const { default: PDFDocument } = await import('pdfkit');
  const texts = reportTexts(language);
  const formats = new Formats(language, timeZone);
  const pdf = new PDFDocument({
    size: 'A4',
    // Its own text layout never begins a page: ours does.
    margins: { top: MARGIN, left: MARGIN, right: MARGIN, bottom: 0 },
    bufferPages: true,
    font: '',
    lang: language === 'zh' ? 'zh-CN' : 'en',
    info: { Title: shown(title), Creator: 'dbaudit', CreationDate: new Date(madeAt) },
  });
  const chunks: Buffer[] = [];
  pdf.on('data', (chunk: Buffer) => chunks.push(chunk));
  const ended = new Promise<void>((resolve, reject) => {
    pdf.once('end', resolve);
    pdf.once('error', reject);
  });
  pdf.registerFont('report', file, family).font('report');
  const page = new PdfPage(pdf);
  const form = { page, texts, formats };
  await page.write(`dbaudit · ${texts.frame.report}`, 8, INK.muted);
  await page.write(shown(title), 20, INK.text, true);
  page.y += 2;
  await page.write(shown(description), 9.5);
  page.y += 4;
  for (const [name, value] of headingOf(document, texts, formats)) {
    await page.write(shown(`${name}: ${value}`), 8.5, INK.muted);
  }
  for (const section of sections) {
    await page.room(80);
    page.y += 16;
    await page.write(shown(section.title), 13.5, INK.text, true);
    page.rule(page.y + 3);
    page.y += 9;
    for (const block of section.blocks) await drawBlock(form, block);
  }
  page.y += 16;
  await page.write(`${comparison(document, texts)} ${texts.frame.literals}`, 7.5, INK.muted);
  numberPages(form);
  pdf.end();
  await ended;
  return Buffer.concat(chunks);
}

async function drawBlock(form: Form, block: Block): Promise<void> {
  const { page, texts, formats } = form;
  switch (block.kind) {
    case 'figures':
      return drawFigures(form, block.figures);
    case 'table':
      return drawTable(page, block, texts, formats);
    case 'chart':
      return drawChart(page, block, texts, formats);
    case 'paragraph':
      await page.write(shown(block.text), 9);
      page.y += 4;
      return;
    case 'note':
      return drawNote(form, block);
  }
}

async function drawFigures({ page, texts, formats }: Form, figures: readonly Figure[]): Promise<void> {
  const gap = 6;
  const width = (page.width - gap * (FIGURES_PER_ROW - 1)) / FIGURES_PER_ROW;
  const inner = width - 14;
  for (let start = 0; start < figures.length; start += FIGURES_PER_ROW) {
    const row = figures.slice(start, start + FIGURES_PER_ROW);
    const labels = Math.max(...row.map(({ label }) => page.heightOf(shown(label), 7.5, inner)));
    const compared = row.some(({ before }) => before !== undefined);
    const height = labels + 28 + (compared ? 11 : 0);
    await page.room(height + gap);
    row.forEach((figure, index) => {
      const x = page.left + index * (width + gap);
      const { label, value, unit, before } = figure;
      page.pdf.roundedRect(x, page.y, width, height, 3).fillAndStroke(INK.raised, INK.line);
      page.put(shown(label), x + 7, page.y + 5, { size: 7.5, ink: INK.muted, width: inner });
      page.put(formats.cell(value, unit), x + 7, page.y + labels + 6, { size: 14, strong: true, width: inner });
      if (before === undefined) return;
      const words = [formats.change(figure), `${texts.frame.before} ${formats.cell(before, unit)}`];
      const text = words.filter((word) => word !== undefined).join('  ');
      page.put(text, x + 7, page.y + labels + 25, { size: 7.5, ink: INK.muted, width: inner });
    });
    page.y += height + gap;
  }
}

async function drawNote({ page, texts }: Form, { tone, text }: Note): Promise<void> {
  const { ink, ground } = TONES[tone];
  const words = shown(`${texts.frame.notes[tone]}: ${text}`);
  const height = page.heightOf(words, 8.5, page.width - 16) + 10;
  await page.room(height + 6);
  page.y += 3;
  page.pdf.rect(page.left, page.y, page.width, height).fill(ground);
  page.pdf.rect(page.left, page.y, 2.5, height).fill(ink);
  page.put(words, page.left + 9, page.y + 5, { size: 8.5, ink, width: page.width - 16 });
  page.y += height + 5;
}

function numberPages({ page, texts }: Form): void {
  const { start, count } = page.pdf.bufferedPageRange();
  for (let index = start; index < start + count; index += 1) {
    page.pdf.switchToPage(index);
    const y = page.pdf.page.height - MARGIN + 4;
    page.put(texts.frame.page(index + 1, count), page.left, y, {
      size: 7.5,
      ink: INK.muted,
      width: page.width,
      align: 'right',
    });
  }
}
