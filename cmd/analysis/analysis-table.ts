import type { Screen } from '../output/screen.ts';
import { type Column, formatTable } from '../output/table.ts';
import { printable } from '../output/text-width.ts';
import type { Finding, Level } from './finding.ts';
import { adviceOf } from './workload-findings.ts';

const COLOURS = { error: 'red', warning: 'yellow', info: 'cyan' } as const satisfies Record<Level, unknown>;
const NARROWEST = 40;
const INDENT = '  ';

/** A row for each finding, and below it in full what is wrong and what helps: neither is of use when it is cut. */
export function formatFindings(findings: readonly Finding[], screen: Pick<Screen, 'width' | 'paint'>): string[] {
  if (findings.length === 0) return [];
  const columns: readonly Column<Finding>[] = [
    { heading: 'CODE', cell: ({ code }) => code },
    { heading: 'LEVEL', cell: ({ level }) => screen.paint(COLOURS[level], level) },
    { heading: 'NAMESPACE', mayShrink: true, cell: ({ namespace }) => namespace ?? '-' },
    { heading: 'OBJECT', mayShrink: true, cell: ({ kind, name }) => `${kind.toLowerCase()}/${name}` },
    ...(findings.some(({ source }) => source !== undefined) ? [FILE] : []),
  ];
  const { width } = screen;
  const [heading = '', ...rows] = formatTable(columns, findings, { width });
  return [
    heading,
    ...rows.flatMap((row, index) => {
      const finding = findings[index];
      if (!finding) return [row];
      const help = `${finding.fix === undefined ? 'help' : 'fix'}: ${adviceOf(finding)}`;
      return [row, ...wrap(finding.message, width), ...wrap(help, finding.fix === undefined ? width : undefined)];
    }),
  ];
}

const FILE: Column<Finding> = { heading: 'FILE', mayShrink: true, cell: ({ source }) => source ?? '-' };

/** Lines of whole words; commands are left whole, to be copied. */
function wrap(text: string, width: number | undefined): string[] {
  const room = width === undefined ? Number.POSITIVE_INFINITY : Math.max(NARROWEST, width) - INDENT.length;
  const lines: string[] = [];
  let line = '';
  for (const word of printable(text).split(' ')) {
    if (line !== '' && line.length + 1 + word.length > room) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].map((one) => `${INDENT}${one}`);
}
