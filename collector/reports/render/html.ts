import type { Block, Chart, Figure, ReportDocument, Section, Table, Unit } from '../document.ts';
import { type ReportTexts, reportTexts } from '../texts/index.ts';
import { chartGeometry } from './chart-geometry.ts';
import { Formats } from './formats.ts';
import { headingOf } from './heading.ts';
import { Markup, markup } from './markup.ts';
import { STYLE } from './style.ts';

/** Of a chart's drawing area, in the units of its picture. */
const AREA = { left: 64, top: 10, width: 840, height: 150, bottom: 26 } as const;
const NUMBERS: readonly Unit[] = ['count', 'bytes', 'nanos', 'share'];

interface Form {
  readonly texts: ReportTexts;
  readonly formats: Formats;
}

/** One file with its styles and pictures in it, without scripts; prints as it is seen. */
export function htmlOf(document: ReportDocument): string {
  const { language, title, description, sections, timeZone } = document;
  const texts = reportTexts(language);
  const form = { texts, formats: new Formats(language, timeZone) };
  const page = markup`<!doctype html>
<html lang="${language === 'zh' ? 'zh-CN' : 'en'}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<style>${new Markup(STYLE)}</style>
</head>
<body>
<header>
<p class="product">dbaudit · ${texts.frame.report}</p>
<h1>${title}</h1>
<p>${description}</p>
<dl>${headingOf(document, texts, form.formats).map(([name, value]) => markup`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
</header>
<main>
${sections.map((section) => sectionOf(section, form))}
</main>
<footer>${comparison(document, texts)} ${texts.frame.literals}</footer>
</body>
</html>
`;
  return page.text;
}

/** What changes are measured against, or why there are none. */
export function comparison({ hasBefore }: ReportDocument, { frame }: ReportTexts): string {
  return hasBefore ? frame.beforeMeaning : frame.noBefore;
}

function sectionOf({ title, blocks }: Section, form: Form): Markup {
  return markup`<section>
<h2>${title}</h2>
${blocks.map((block) => blockOf(block, form))}
</section>
`;
}

function blockOf(block: Block, form: Form): Markup {
  switch (block.kind) {
    case 'figures':
      return markup`<ul class="figures">${block.figures.map((figure) => figureOf(figure, form))}</ul>`;
    case 'table':
      return tableOf(block, form);
    case 'chart':
      return chartOf(block, form);
    case 'paragraph':
      return markup`<p>${block.text}</p>`;
    case 'note':
      return markup`<p class="note ${block.tone}"><strong>${form.texts.frame.notes[block.tone]}</strong> ${block.text}</p>`;
  }
}

function figureOf(figure: Figure, { texts, formats }: Form): Markup {
  const { label, value, unit, before } = figure;
  const change = formats.change(figure);
  const then = before === undefined ? undefined : `${texts.frame.before} ${formats.cell(before, unit)}`;
  return markup`<li><span class="label">${label}</span><span class="value">${formats.cell(value, unit)}</span><span class="before">${
    change === undefined ? undefined : markup`<b>${change}</b> `
  }${then}</span></li>`;
}

function tableOf({ title, columns, rows, more }: Table, { texts, formats }: Form): Markup {
  const caption = title === '' ? undefined : markup`<h3>${title}</h3>`;
  if (rows.length === 0) return markup`${caption}<p class="none">${texts.frame.none}</p>`;
  const style = (unit: Unit | undefined) => (unit === undefined ? 'text' : NUMBERS.includes(unit) ? 'number' : unit);
  return markup`${caption}<div class="table"><table>
<thead><tr>${columns.map((column) => markup`<th scope="col" class="${style(column.unit)}">${column.title}</th>`)}</tr></thead>
<tbody>${rows.map(
    (row) =>
      markup`<tr>${row.map((cell, index) => {
        const unit = columns[index]?.unit ?? 'text';
        return markup`<td class="${style(unit)}">${formats.cell(cell, unit)}</td>`;
      })}</tr>
`,
  )}</tbody>
</table></div>${more === 0 ? undefined : markup`<p class="more">${texts.frame.more(formats.whole(more))}</p>`}`;
}

function chartOf(chart: Chart, { texts, formats }: Form): Markup {
  const { title, lines, stepSeconds } = chart;
  const head = markup`<h3>${title} <small>${texts.frame.perStep(formats.nanos(stepSeconds * 1e9))}</small></h3>`;
  const geometry = chartGeometry(chart, formats);
  if (geometry === undefined) return markup`${head}<p class="none">${texts.frame.none}</p>`;
  const { left, top, width, height, bottom } = AREA;
  const at = (value: number) => value.toFixed(2);
  return markup`${head}<figure>
<svg viewBox="0 0 ${left + width + 8} ${top + height + bottom}" role="img" aria-label="${title}">
${geometry.scale.map(
  ({ y, text }) =>
    markup`<line class="grid" x1="${left}" x2="${left + width}" y1="${at(top + y * height)}" y2="${at(top + y * height)}"/><text class="side" x="${left - 8}" y="${at(top + y * height + 4)}">${text}</text>
`,
)}${geometry.bars.map(
  (bar) =>
    markup`<rect class="line${bar.line % 6}" x="${at(left + bar.x * width)}" y="${at(top + bar.y * height)}" width="${at(bar.width * width)}" height="${at(bar.height * height)}"/>
`,
)}${geometry.ticks.map(({ x, text }) => markup`<text class="tick" x="${at(left + x * width)}" y="${top + height + 18}">${text}</text>`)}
</svg>
${lines.length < 2 ? undefined : markup`<figcaption>${lines.map(({ name }, index) => markup`<span><i class="line${index % 6}"></i>${name}</span>`)}</figcaption>`}
</figure>`;
}
