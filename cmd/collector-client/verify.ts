import { verifyAnswerSchema } from '../../contract/collector-api.ts';
import type { CommandContext } from '../context.ts';
import type { VerificationDocument } from '../output/schemas/verification.ts';
import type { Screen } from '../output/screen.ts';
import { OUTPUT_API_VERSION, printDocument } from '../output/structured.ts';
import { type Column, formatTable } from '../output/table.ts';
import type { TimeRange } from './time-range.ts';
import { withCollector } from './with-collector.ts';

export interface VerifyRequest {
  /** Absent: all that is kept. */
  readonly range: TimeRange | undefined;
  readonly chain: string | undefined;
  readonly output: 'table' | 'json' | 'yaml';
}

type Finding = VerificationDocument['findings'][number];

/** Prints whether the chains of events hold; the exit code is 1 where they do not. */
export async function verify({ range, chain, output }: VerifyRequest, context: CommandContext): Promise<void> {
  const { screen, signal } = context;
  const body = { ...(range === undefined ? {} : { range }), ...(chain === undefined ? {} : { chain }) };
  const answer = await screen.progress('checking seals and checkpoints', () =>
    withCollector(context, (collector) =>
      collector.ask({ path: '/verify', body, slow: true, signal }, verifyAnswerSchema),
    ),
  );
  const document: VerificationDocument = { apiVersion: OUTPUT_API_VERSION, kind: 'Verification', ...answer };
  if (output === 'table') printFindings(screen, document);
  else printDocument(screen, output, document);
  if (!answer.intact) context.exitCode = 1;
}

function printFindings(screen: Screen, { intact, chains, events, checkpoints, findings }: VerificationDocument): void {
  if (findings.length > 0) {
    for (const line of formatTable(COLUMNS, findings, { width: screen.width })) screen.print(line);
    screen.print('');
  }
  const what = `${events} events in ${chains} ${chains === 1 ? 'chain' : 'chains'}, ${checkpoints} checkpoints`;
  screen.print(
    intact
      ? `${screen.paint('green', '√')} ${what}: intact`
      : `${screen.paint('red', '×')} ${what}: not intact; for each chain the first break is shown`,
  );
}

const COLUMNS: readonly Column<Finding>[] = [
  { heading: 'FINDING', cell: ({ kind }) => kind },
  { heading: 'CHAIN', mayShrink: true, cell: ({ chain }) => chain },
  { heading: 'POSITION', align: 'right', cell: ({ position }) => String(position ?? '-') },
  { heading: 'AT', cell: ({ at }) => (at === undefined ? '-' : new Date(at).toISOString()) },
  { heading: 'EVENT', leftOut: 1, mayShrink: true, cell: ({ eventId }) => eventId ?? '-' },
  { heading: 'WHAT', mayShrink: true, cell: ({ message }) => message },
];
