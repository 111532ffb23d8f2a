import type { Chart } from '../document.ts';
import type { ReportTexts } from '../texts/index.ts';
import { chartGeometry } from './chart-geometry.ts';
import type { Formats } from './formats.ts';
import { shown } from './markup.ts';
import { INK, type PdfPage } from './pdf-page.ts';

/** As in the style of the page. */
const COLOURS = ['#2f6cb3', '#c26a12', '#2b8a57', '#8a4fb0', '#b23a55', '#6b7683'] as const;
const HEIGHT = 92;
const SIDE = 46;
const SMALL = 7;

export async function drawChart(page: PdfPage, chart: Chart, texts: ReportTexts, formats: Formats): Promise<void> {
  const geometry = chartGeometry(chart, formats);
  await page.room(geometry === undefined ? 40 : HEIGHT + 60);
  page.y += 8;
  await page.write(`${shown(chart.title)}`, 10, INK.text, true);
  if (geometry === undefined) return page.write(texts.frame.none, 8, INK.muted);
  await page.write(texts.frame.perStep(formats.nanos(chart.stepSeconds * 1e9)), SMALL, INK.muted);
  const { pdf } = page;
  const [left, top, width] = [page.left + SIDE, page.y + 6, page.width - SIDE];
  for (const { y, text } of geometry.scale) {
    pdf
      .lineWidth(0.5)
      .strokeColor(INK.line)
      .moveTo(left, top + y * HEIGHT)
      .lineTo(left + width, top + y * HEIGHT)
      .stroke();
    page.put(text, page.left, top + y * HEIGHT - SMALL / 2, {
      size: SMALL,
      ink: INK.muted,
      width: SIDE - 6,
      align: 'right',
    });
  }
  for (const bar of geometry.bars) {
    pdf
      .rect(left + bar.x * width, top + bar.y * HEIGHT, bar.width * width, bar.height * HEIGHT)
      .fill(COLOURS[bar.line % COLOURS.length] ?? COLOURS[0]);
  }
  for (const { x, text } of geometry.ticks) {
    page.put(text, left + x * width - 40, top + HEIGHT + 4, {
      size: SMALL,
      ink: INK.muted,
      width: 80,
      align: 'center',
    });
  }
  page.y = top + HEIGHT + 16;
  if (chart.lines.length > 1) drawLegend(page, chart, left);
}

function drawLegend(page: PdfPage, { lines }: Chart, left: number): void {
  let x = left;
  lines.forEach(({ name }, index) => {
    const text = shown(name).slice(0, 40);
    const width = page.pdf.fontSize(SMALL).widthOfString(text) + 24;
    if (x + width > page.left + page.width) {
      x = left;
      page.y += 11;
    }
    page.pdf.rect(x, page.y + 1.5, 6, 6).fill(COLOURS[index % COLOURS.length] ?? COLOURS[0]);
    page.put(text, x + 9, page.y, { size: SMALL, ink: INK.muted, width });
    x += width;
  });
  page.y += 12;
}
