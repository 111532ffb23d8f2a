import { createWriteStream, rmSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { both } from '../../contract/filter.ts';
import { UserError } from '../../contract/user-error.ts';
import type { CommandContext } from '../context.ts';
import { collectorFilter } from './filter-terms.ts';
import { placeFilter, type SearchRequest } from './search.ts';
import { searchFilter } from './search-language.ts';
import { withCollector } from './with-collector.ts';

/** For whoever runs this alone: events show who did what. */
const OWNER_ONLY = 0o600;

export interface ExportRequest extends Pick<SearchRequest, 'text' | 'terms' | 'namespaces' | 'range'> {
  readonly format: 'ndjson' | 'csv';
  /** `-` is standard output. */
  readonly file: string;
}

/**
 * Writes all that a search would find, oldest first.
 * @throws UserError DBA1002 where the file cannot be written, DBA1109 where the collector broke off: a file is removed then
 */
export async function exportEvents(request: ExportRequest, context: CommandContext): Promise<void> {
  const { screen, stdout, signal } = context;
  const { text, terms, namespaces, range, format, file: to } = request;
  const filter = both(placeFilter(namespaces), searchFilter(text), collectorFilter(terms, { gaps: true }));
  await withCollector(context, async (collector) => {
    const body = { range, filter, order: 'oldest', format };
    const answer = await collector.stream({ path: '/export', body, signal });
    const brokeOff = (error: unknown) =>
      new UserError(
        'DBA1109',
        `the collector broke off: ${wordsOf(error)}`,
        'What was written is not all. Run it again.',
      );
    if (to === '-') {
      await pipeline(answer, stdout, { end: false }).catch((error: unknown) => {
        throw brokeOff(error);
      });
      return;
    }
    const output = createWriteStream(to, { mode: OWNER_ONLY });
    let unwritable: Error | undefined;
    output.once('error', (error) => {
      if (!answer.errored) unwritable = error;
    });
    await pipeline(answer, output).catch((error: unknown) => {
      if (unwritable !== undefined && unwritable !== answer.errored) {
        throw new UserError('DBA1002', `${to} cannot be written: ${unwritable.message}`, '--file names another.');
      }
      rmSync(to, { force: true });
      throw brokeOff(error);
    });
    screen.say(`${screen.paint('green', '√')} the events are in ${to}`);
  });
}

function wordsOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : String(error);
}
