import { queryAnswerSchema } from '../../contract/collector-api.ts';
import type { CommandContext } from '../context.ts';
import { csvLine } from '../output/csv.ts';
import type { QueryResultDocument } from '../output/schemas/query-result.ts';
import { OUTPUT_API_VERSION, printDocument } from '../output/structured.ts';
import { type Column, formatTable } from '../output/table.ts';
import { withCollector } from './with-collector.ts';

export interface QueryRequest {
  readonly sql: string;
  readonly limit: number;
  readonly output: 'table' | 'csv' | 'json' | 'yaml';
}

/** Prints what a SELECT over the view `events` gives. */
export async function query({ sql, limit, output }: QueryRequest, context: CommandContext): Promise<void> {
  const { screen, signal } = context;
  const answer = await screen.progress('asking the collector', () =>
    withCollector(context, (collector) =>
      collector.ask({ path: '/query', body: { sql, limit }, slow: true, signal }, queryAnswerSchema),
    ),
  );
  if (output === 'json' || output === 'yaml') {
    const document: QueryResultDocument = { apiVersion: OUTPUT_API_VERSION, kind: 'QueryResult', ...answer };
    printDocument(screen, output, document);
  } else if (output === 'csv') {
    screen.print(csvLine(answer.columns.map(({ name }) => name)));
    for (const row of answer.rows) screen.print(csvLine(row.map(cellText)));
  } else {
    const lines = formatTable(answer.columns.map(columnAt), answer.rows, { width: screen.width });
    for (const line of lines) screen.print(line);
    screen.say(`${answer.rows.length} ${answer.rows.length === 1 ? 'row' : 'rows'}`);
  }
  if (answer.truncated) screen.say(`! There are more than ${limit} rows; --limit shows more.`);
}

function columnAt({ name, type }: { readonly name: string; readonly type: string }, index: number): Column<unknown[]> {
  return {
    heading: name.toUpperCase(),
    align: /INT|DOUBLE|FLOAT|DECIMAL/.test(type) ? 'right' : 'left',
    mayShrink: true,
    cell: (row) => cellText(row[index]),
  };
}

/** NULL is nothing; lists and maps are JSON. */
function cellText(value: unknown): string {
  if (value === null || value === undefined) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
