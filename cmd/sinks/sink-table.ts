import type { SinkItem } from '../output/schemas/sink-list.ts';
import type { Screen } from '../output/screen.ts';
import { type Column, formatTable } from '../output/table.ts';
import { printable } from '../output/text-width.ts';

/** More kinds of trouble with one sink help nobody. */
const MOST_PROBLEMS = 5;

/** A row for each sink, and below it in full what agents say is wrong. `-` is what nobody knows. */
export function formatSinks(items: readonly SinkItem[], { width, paint }: Pick<Screen, 'width' | 'paint'>): string[] {
  const [heading = '', ...rows] = formatTable(columns(paint), items, { width });
  return [
    heading,
    ...rows.flatMap((row, index) => {
      const problems = items[index]?.problems ?? [];
      const more = problems.length - MOST_PROBLEMS;
      return [
        row,
        ...problems
          .slice(0, MOST_PROBLEMS)
          .map(({ message, agents }) => `  ${printable(message)} (${ofAgents(agents)})`),
        ...(more > 0 ? [`  and ${more} more`] : []),
      ];
    }),
  ];
}

function columns(paint: Screen['paint']): readonly Column<SinkItem>[] {
  const counted = (of: (agents: SinkItem['agents']) => number) => (item: SinkItem) =>
    item.agents.answered === 0 ? '-' : String(of(item.agents));
  const alarming = (of: (agents: SinkItem['agents']) => number) => (item: SinkItem) => {
    const text = counted(of)(item);
    return text === '-' || text === '0' ? text : paint('red', text);
  };
  return [
    { heading: 'NAME', cell: ({ name }) => name },
    { heading: 'TYPE', leftOut: 1, cell: ({ type }) => type },
    { heading: 'PLACE', mayShrink: true, cell: ({ place }) => place },
    { heading: 'FORMAT', leftOut: 3, cell: ({ format }) => format },
    {
      heading: 'SPOOL',
      leftOut: 2,
      cell: ({ spoolMebibytes }) => (spoolMebibytes === undefined ? '-' : `${spoolMebibytes} MiB`),
    },
    { heading: 'AGENTS', align: 'right', cell: counted(({ answered }) => answered) },
    { heading: 'TROUBLED', align: 'right', cell: alarming(({ troubled }) => troubled) },
    { heading: 'WAITING', align: 'right', cell: counted(({ waitingEvents }) => waitingEvents) },
    {
      heading: 'DROPPED',
      align: 'right',
      cell: alarming(({ droppedEvents, quarantinedEvents }) => droppedEvents + quarantinedEvents),
    },
  ];
}

function ofAgents(count: number): string {
  return count === 1 ? '1 agent' : `${count} agents`;
}
