import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { ReportDocument } from '../../../../collector/reports/document.ts';
import { csvOf } from '../../../../collector/reports/render/csv.ts';
import { htmlOf } from '../../../../collector/reports/render/html.ts';

const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom('=1+1', '<img src=x onerror=y>', '"', '-2+3', '＝1', ' \t@x'),
);

function document(names: readonly string[]): ReportDocument {
  const [title = '', label = '', column = '', cell = '', cluster = ''] = names;
  return {
    id: 'x',
    kind: 'day',
    title,
    description: label,
    language: 'en',
    timeZone: 'UTC',
    range: { from: 0, to: 86_400_000 },
    madeAt: 0,
    by: cell,
    cluster,
    namespaces: [label],
    hasBefore: true,
    sections: [
      {
        title,
        blocks: [
          { kind: 'figures', figures: [{ label, value: cell, unit: 'text', before: 3 }] },
          { kind: 'table', title, columns: [{ title: column, unit: 'code' }], rows: [[cell], [null]], more: 2 },
          {
            kind: 'chart',
            title,
            unit: 'count',
            stepSeconds: 60,
            steps: [0, 60_000],
            lines: [
              { name: cell, values: [1, 2] },
              { name: label, values: [0, 3] },
            ],
          },
          { kind: 'note', tone: 'limit', text: cell },
          { kind: 'paragraph', text: label },
        ],
      },
    ],
  };
}

const PLAIN = htmlOf(document(['a', 'a', 'a', 'a', 'a']));
const tags = (html: string) => html.match(/<[^>]*>/g)?.map((tag) => tag.replace(/aria-label="[^"]*"/, '')) ?? [];

test('no name adds or changes a tag of a page', () => {
  fc.assert(
    fc.property(fc.array(text, { minLength: 5, maxLength: 5 }), (names) => {
      // An empty name may leave out a heading.
      fc.pre(names.every((name) => name !== ''));
      expect(tags(htmlOf(document(names)))).toEqual(tags(PLAIN));
    }),
  );
});

/** https://www.rfc-editor.org/rfc/rfc4180 read by its grammar. */
function fieldsOf(csv: string): string[][] {
  const records: string[][] = [[]];
  for (const [, quoted, plain, end] of csv.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/g)) {
    records.at(-1)?.push(quoted?.replaceAll('""', '"') ?? plain ?? '');
    if (end === '\r\n') records.push([]);
  }
  return records.slice(0, -1);
}

test('CSV has records of one length, and no field that a spreadsheet would reckon', () => {
  fc.assert(
    fc.property(fc.array(text, { minLength: 5, maxLength: 5 }), (names) => {
      const csv = csvOf(document(names));
      expect(csv.startsWith('\ufeff')).toBe(true);
      const records = fieldsOf(csv.slice(1));
      expect(new Set(records.map(({ length }) => length)).size).toBe(1);
      for (const field of records.flat()) {
        if (!/^-?\d+(\.\d+)?(e[+-]?\d+)?$/.test(field)) expect(field).not.toMatch(/^\s*[=+\-@＝＋－＠]/u);
      }
      expect(csv).not.toMatch(/[\u202a-\u202e]/);
    }),
  );
});
