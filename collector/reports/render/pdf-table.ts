import type { Table, Unit } from '../document.ts';
import type { ReportTexts } from '../texts/index.ts';
import type { Formats } from './formats.ts';
import { shown } from './markup.ts';
import { INK, type PdfPage } from './pdf-page.ts';

const SIZE = 8;
const GAP = 10;
const PADDING = 3;
/** A statement of kilobytes would fill pages; the other forms have all of it. */
const MAX_CHARACTERS = 360;
const LEAST_WIDTH = 34;
const RIGHT: readonly Unit[] = ['count', 'bytes', 'nanos', 'share'];
/** What is never broken, so that a number stays a number. */
const WHOLE: readonly Unit[] = [...RIGHT, 'time'];

/** A table over as many pages as it takes; each begins with the names of the columns. */
export async function drawTable(page: PdfPage, table: Table, texts: ReportTexts, formats: Formats): Promise<void> {
  const { title, columns, rows, more } = table;
  if (title !== '') {
    await page.room(60);
    page.y += 8;
    await page.write(shown(title), 10, INK.text, true);
    page.y += 3;
  }
  if (rows.length === 0) return page.write(texts.frame.none, SIZE, INK.muted);
  const heads = columns.map((column) => column.title);
  const cells = rows.map((row) =>
    row.map((cell, index) => cut(shown(formats.cell(cell, columns[index]?.unit ?? 'text')))),
  );
  const units = columns.map(({ unit }) => unit);
  const widths = widthsOf(page, heads, cells, units);
  await drawRow(page, heads, widths, units, INK.muted);
  for (const row of cells) {
    const height = rowHeight(page, row, widths);
    if (await page.room(height)) await drawRow(page, heads, widths, units, INK.muted);
    await drawRow(page, row, widths, units, INK.text);
  }
  if (more > 0) {
    page.y += 3;
    await page.write(texts.frame.more(formats.whole(more)), SIZE, INK.muted);
  }
}

/** Numbers and times get what they need; texts share the rest by their length. */
function widthsOf(
  page: PdfPage,
  heads: readonly string[],
  cells: readonly (readonly string[])[],
  units: readonly Unit[],
): readonly number[] {
  page.pdf.fontSize(SIZE);
  const widest = (texts: readonly string[]) =>
    Math.max(LEAST_WIDTH, ...texts.map((text) => page.pdf.widthOfString(text) + 1));
  const wanted = heads.map((head, index) => {
    const column = cells.map((row) => row[index] ?? '');
    // A long name above short numbers is broken; its longest word is not.
    return Math.max(widest(column), WHOLE.includes(units[index] ?? 'text') ? widest(head.split(' ')) : widest([head]));
  });
  const free = page.width - GAP * (heads.length - 1);
  const fixed = wanted.reduce((sum, width, index) => sum + (WHOLE.includes(units[index] ?? 'text') ? width : 0), 0);
  const loose = wanted.reduce((sum, width) => sum + width, 0) - fixed;
  if (fixed + loose <= free) {
    // What is left over goes to texts, or it stays.
    const share = loose === 0 ? 1 : Math.min(2.2, (free - fixed) / loose);
    return wanted.map((width, index) => (WHOLE.includes(units[index] ?? 'text') ? width : width * share));
  }
  const texts = wanted.flatMap((width, index) => (WHOLE.includes(units[index] ?? 'text') ? [] : [Math.sqrt(width)]));
  const roots = texts.reduce((sum, width) => sum + width, 0);
  const room = Math.max(free - fixed, texts.length * LEAST_WIDTH);
  return wanted.map((width, index) =>
    WHOLE.includes(units[index] ?? 'text') ? width : Math.max(LEAST_WIDTH, (room * Math.sqrt(width)) / roots),
  );
}

function rowHeight(page: PdfPage, row: readonly string[], widths: readonly number[]): number {
  return Math.max(...row.map((text, index) => page.heightOf(text, SIZE, widths[index]))) + 2 * PADDING;
}

async function drawRow(
  page: PdfPage,
  row: readonly string[],
  widths: readonly number[],
  units: readonly Unit[],
  ink: string,
): Promise<void> {
  const height = rowHeight(page, row, widths);
  await page.room(height);
  let x = page.left;
  row.forEach((text, index) => {
    const width = widths[index] ?? LEAST_WIDTH;
    const align = RIGHT.includes(units[index] ?? 'text') ? 'right' : 'left';
    page.put(text, x, page.y + PADDING, { size: SIZE, ink, width, align });
    x += width + GAP;
  });
  page.y += height;
  page.rule(page.y);
}

function cut(text: string): string {
  return text.length <= MAX_CHARACTERS ? text : `${text.slice(0, MAX_CHARACTERS)}…`;
}
