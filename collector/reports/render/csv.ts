import { csvLine } from '../../api/export.ts';
import type { Block, Cell, ReportDocument, Unit } from '../document.ts';
import { type ReportTexts, reportTexts } from '../texts/index.ts';
import { Formats } from './formats.ts';
import { headingOf } from './heading.ts';
import { shown } from './markup.ts';

/** By this spreadsheets know UTF-8. */
const BYTE_ORDER_MARK = '\ufeff';
/** Spreadsheets take what begins so for a formula. https://owasp.org/www-community/attacks/CSV_Injection */
const FORMULA = /^[\s\ufffd]*[=+\-@\uff1d\uff0b\uff0d\uff20]/u;

/**
 * One file of all sections (RFC 4180, every record of equal length): the first field is the section, the second the table or
 * chart, then its cells below a record of their names. Amounts are bare: bytes, nanoseconds, shares of one, RFC 3339 times.
 */
export function csvOf(document: ReportDocument): string {
  const { title, sections, language, timeZone } = document;
  const texts = reportTexts(language);
  const heading = headingOf(document, texts, new Formats(language, timeZone));
  const records = [
    [texts.frame.report, title],
    ...heading.map((pair) => [...pair]),
    ...sections.flatMap((section) =>
      section.blocks.flatMap((block) => recordsOf(block, texts).map((record) => [section.title, ...record])),
    ),
  ];
  const width = Math.max(...records.map(({ length }) => length));
  const padded = records.map((record) => [...record, ...new Array<string>(width - record.length).fill('')]);
  return BYTE_ORDER_MARK + padded.map((record) => csvLine(record.map(harmless))).join('');
}

function recordsOf(block: Block, { frame, words }: ReportTexts): readonly (readonly string[])[] {
  switch (block.kind) {
    case 'figures':
      return block.figures.map(({ label, value, unit, before }) => [
        label,
        bare(value, unit),
        ...(before === undefined ? [] : [bare(before, unit)]),
      ]);
    case 'table':
      return [
        [block.title, ...block.columns.map(({ title }) => title)],
        ...block.rows.map((row) => [
          block.title,
          ...row.map((cell, index) => bare(cell, block.columns[index]?.unit ?? 'text')),
        ]),
        ...(block.more === 0 ? [] : [[block.title, frame.more(String(block.more))]]),
      ];
    case 'chart':
      return [
        [block.title, words.time, ...block.lines.map(({ name }) => name)],
        ...block.steps.map((at, index) => [
          block.title,
          bare(at, 'time'),
          ...block.lines.map(({ values }) => String(values[index] ?? 0)),
        ]),
      ];
    case 'paragraph':
      return [['', block.text]];
    case 'note':
      return [[frame.notes[block.tone], block.text]];
  }
}

function bare(value: Cell, unit: Unit): string {
  if (value === null) return '';
  return typeof value === 'number' && unit === 'time' ? new Date(value).toISOString() : String(value);
}

/** A text that would be a formula is given an apostrophe, which spreadsheets do not show; numbers stay what they are. */
function harmless(value: string): string {
  const text = shown(value);
  return FORMULA.test(text) && !isNumber(text) ? `'${text}` : text;
}

function isNumber(text: string): boolean {
  return /^-?\d+(\.\d+)?(e[+-]?\d+)?$/.test(text);
}
