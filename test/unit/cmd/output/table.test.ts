import { describe, expect, test } from '@jest/globals';
import { type Column, formatTable } from '../../../../cmd/output/table.ts';
import { cutText, printable, textWidth } from '../../../../cmd/output/text-width.ts';

interface Row {
  readonly workload: string;
  readonly pods: number;
  readonly reason: string;
}

const COLUMNS: readonly Column<Row>[] = [
  { heading: 'WORKLOAD', mayShrink: true, cell: ({ workload }) => workload },
  { heading: 'PODS', align: 'right', cell: ({ pods }) => String(pods) },
  { heading: 'NODE', wide: true, cell: () => 'worker-1' },
  { heading: 'REASON', mayShrink: true, cell: ({ reason }) => reason },
];
const ROWS: readonly Row[] = [
  { workload: 'deployment/orders', pods: 3, reason: '' },
  {
    workload: 'statefulset/a-database-with-a-name-that-nobody-would-type-twice',
    pods: 12,
    reason: 'DBA2002: the namespace enforces Pod Security level restricted',
  },
];

const table = (width: number | undefined, options = {}) => formatTable(COLUMNS, ROWS, { width, ...options });

describe('formatTable', () => {
  test('nothing is cut where there is no terminal', () => {
    expect(table(undefined)).toEqual(table(160));
  });

  test('a column that may be left out goes before anything is cut, and only then', () => {
    const columns = COLUMNS.map((column) => (column.heading === 'PODS' ? { ...column, leftOut: 1 } : column));
    const rows = [{ workload: 'deployment/orders', pods: 3, reason: 'none' }];
    expect(formatTable(columns, rows, { width: 33 })).toEqual([
      'WORKLOAD            PODS   REASON',
      'deployment/orders      3   none',
    ]);
    expect(formatTable(columns, rows, { width: 32 })).toEqual([
      'WORKLOAD            REASON',
      'deployment/orders   none',
    ]);
  });

  test('80 columns', () => {
    expect(table(80)).toEqual([
      'WORKLOAD                              PODS   REASON',
      'deployment/orders                        3',
      'statefulset/a-database-with-a-name…     12   DBA2002: the namespace enforces Po…',
    ]);
  });

  test('160 columns', () => {
    expect(table(160)).toEqual([
      'WORKLOAD                                                          PODS   REASON',
      'deployment/orders                                                    3',
      'statefulset/a-database-with-a-name-that-nobody-would-type-twice     12   DBA2002: the namespace enforces Pod Security level restricted',
    ]);
  });

  test('wide columns on demand, headings not where they are not wanted', () => {
    expect(table(undefined, { wide: true })[0]).toMatch(/^WORKLOAD +PODS {3}NODE +REASON$/);
    expect(table(undefined, { headings: false })).toHaveLength(2);
  });

  test('a table of nothing has its headings', () => {
    expect(formatTable(COLUMNS, [], { width: 80 })).toEqual(['WORKLOAD   PODS   REASON']);
  });

  test('colours take no room and are closed where a cell is cut', () => {
    const red = '\u001b[31mforbidden\u001b[39m';
    const [, line] = formatTable([{ heading: 'A', mayShrink: true, cell: () => red }], [undefined], { width: 5 });
    expect(line).toBe('\u001b[31mforb…\u001b[0m');
    expect(textWidth(line ?? '')).toBe(5);
  });
});

describe('text in a terminal', () => {
  test.each([
    ['plain', 5],
    ['日本語', 6],
    ['e\u0301', 1],
    ['👩‍👩‍👧', 2],
    ['❤️', 2],
    ['…√×', 3],
    ['\u001b[1mbold\u001b[22m', 4],
  ])('%j is %d wide', (text, width) => {
    expect(textWidth(text)).toBe(width);
  });

  test('a wide character is never halved', () => {
    expect(cutText('日本語', 4)).toBe('日…');
    expect(cutText('日本語', 1)).toBe('…');
    expect(cutText('日本語', 0)).toBe('');
  });

  test.each([
    ['a\nb\tc', 'a b c'],
    ['\u001b[2Jx\u001b[8my', '\u{FFFD}[2Jx\u{FFFD}[8my'],
    ['\u202eabc\u0007', '\u{FFFD}abc\u{FFFD}'],
    ['\u001b[31mred\u001b[39m', '\u001b[31mred\u001b[39m'],
  ])('%j can do nothing to it', (text, harmless) => {
    expect(printable(text)).toBe(harmless);
  });
});
