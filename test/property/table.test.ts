import { test } from '@jest/globals';
import fc from 'fast-check';
import { type Column, formatTable } from '../../cmd/output/table.ts';
import { textWidth } from '../../cmd/output/text-width.ts';

const GAP_WIDTH = 3;
const wideText = fc.string({
  unit: fc.constantFrom('a', 'ß', '日', '😀', 'e\u0301', '\n', '\u001b', '…'),
  maxLength: 60,
});
const cell = fc.oneof(fc.string({ unit: 'binary', maxLength: 60 }), wideText);

const tables = fc.integer({ min: 1, max: 6 }).chain((count) =>
  fc.record({
    width: fc.integer({ min: count * 2 + GAP_WIDTH * (count - 1), max: 200 }),
    rows: fc.array(fc.array(cell, { minLength: count, maxLength: count }), { maxLength: 8 }),
    columns: fc.constant(
      Array.from(
        { length: count },
        (_, index): Column<readonly string[]> => ({
          heading: `C${index}`,
          mayShrink: true,
          align: index % 2 === 0 ? 'left' : 'right',
          cell: (row) => row[index] ?? '',
        }),
      ),
    ),
  }),
);

test('no line is wider than the terminal, and none can do anything to it', () => {
  fc.assert(
    fc.property(tables, ({ columns, rows, width }) => {
      const lines = formatTable(columns, rows, { width });
      return (
        lines.length === rows.length + 1 &&
        lines.every((line) => textWidth(line) <= width && !/(?!\u200d)\p{C}/u.test(line) && line === line.trimEnd())
      );
    }),
  );
});

test('columns that may not shrink are whole', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[a-z]{1,40}$/), fc.string({ maxLength: 80 }), (fixed, shrinking) => {
      const columns: Column<undefined>[] = [
        { heading: 'FIXED', cell: () => fixed },
        { heading: 'SHRINKING', mayShrink: true, cell: () => shrinking },
      ];
      return formatTable(columns, [undefined], { width: 20 })[1]?.startsWith(fixed) === true;
    }),
  );
});
