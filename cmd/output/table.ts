import type { Screen } from './screen.ts';
import { cutText, printable, textWidth } from './text-width.ts';

const GAP = '   ';

/** One column of a table. Cells are cut with `…` only in columns that may shrink, those with the widest text first. */
export interface Column<Row> {
  /** UPPER CASE. */
  readonly heading: string;
  readonly align?: 'left' | 'right';
  readonly mayShrink?: boolean;
  /** In a terminal too narrow for all, left out before anything is cut; the highest number first. */
  readonly leftOut?: number;
  /** Shown with `-o wide` alone. */
  readonly wide?: boolean;
  cell(row: Row): string;
}

/**
 * Lines of a table in the manner of kubectl: headings, columns parted by three spaces, no trailing spaces. Control
 * characters never reach the terminal; colours do not count as width.
 */
export function formatTable<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  options: { readonly width: Screen['width']; readonly wide?: boolean; readonly headings?: boolean },
): string[] {
  const shown = fitting(
    columns.filter(({ wide }) => options.wide === true || wide !== true),
    rows,
    options.width ?? Number.POSITIVE_INFINITY,
  );
  const lines = rows.map((row) => shown.map((column) => printable(column.cell(row))));
  if (options.headings !== false) lines.unshift(shown.map(({ heading }) => heading));
  const widths = shown.map((_, index) => Math.max(0, ...lines.map((cells) => textWidth(cells[index] ?? ''))));
  if (options.width !== undefined) shrink(shown, widths, options.width - GAP.length * (shown.length - 1));
  return lines.map((cells) =>
    shown
      .map((column, index) => pad(cells[index] ?? '', widths[index] ?? 0, column.align))
      .join(GAP)
      .trimEnd(),
  );
}

/** The columns without those that are left out for want of room. */
function fitting<Row>(columns: readonly Column<Row>[], rows: readonly Row[], room: number): readonly Column<Row>[] {
  const widthOf = (column: Column<Row>) =>
    Math.max(...[column.heading, ...rows.map((row) => printable(column.cell(row)))].map(textWidth));
  const widths = new Map(columns.map((column) => [column, widthOf(column)]));
  const kept = [...columns];
  const width = () => kept.reduce((sum, column) => sum + GAP.length + (widths.get(column) ?? 0), -GAP.length);
  const dispensable = columns.filter(({ leftOut }) => leftOut !== undefined);
  for (const column of dispensable.toSorted((a, b) => (b.leftOut ?? 0) - (a.leftOut ?? 0))) {
    if (width() <= room) break;
    kept.splice(kept.indexOf(column), 1);
  }
  return kept;
}

/** Takes from the widest column that may shrink until all fit into `room`, or each of those is one column wide. */
function shrink(columns: readonly Column<never>[], widths: number[], room: number): void {
  const shrinking = widths.flatMap((_, index) => (columns[index]?.mayShrink === true ? [index] : []));
  for (const index of shrinking) widths[index] = Math.min(widths[index] ?? 0, Math.max(1, room));
  let excess = widths.reduce((sum, width) => sum + width, 0) - room;
  while (excess > 0) {
    const widest = shrinking.reduce<number | undefined>(
      (best, index) => ((widths[index] ?? 0) > (best === undefined ? 1 : (widths[best] ?? 0)) ? index : best),
      undefined,
    );
    if (widest === undefined) return;
    widths[widest] = (widths[widest] ?? 0) - 1;
    excess -= 1;
  }
}

function pad(text: string, width: number, align: Column<never>['align']): string {
  const cut = cutText(text, width);
  const blanks = ' '.repeat(Math.max(0, width - textWidth(cut)));
  return align === 'right' ? blanks + cut : cut + blanks;
}
