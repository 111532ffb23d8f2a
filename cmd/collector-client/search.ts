import { searchAnswerSchema, totalsAnswerSchema } from '../../contract/collector-api.ts';
import { both, EVERYTHING, type Filter } from '../../contract/filter.ts';
import type { CommandContext } from '../context.ts';
import { type DisplayOptions, openDisplay } from '../events/display-options.ts';
import { EventPrinter } from '../events/event-printer.ts';
import type { FilterTerm } from '../events/filter.ts';
import { KnownAddresses } from '../events/known-addresses.ts';
import { readLine } from '../events/received.ts';
import type { Collector } from './collector.ts';
import { collectorFilter, GAP_FILTER } from './filter-terms.ts';
import { searchFilter } from './search-language.ts';
import type { TimeRange } from './time-range.ts';
import { withCollector } from './with-collector.ts';

/** The most that the collector gives at a time; more are asked for in pages. */
const PAGE_EVENTS = 1_000;

export interface SearchRequest extends DisplayOptions {
  /** In the search language; empty: everything. */
  readonly text: string;
  readonly terms: readonly FilterTerm[];
  /** Absent: all that the caller may see. */
  readonly namespaces: readonly string[] | undefined;
  readonly range: TimeRange;
  readonly order: 'newest' | 'oldest';
  readonly limit: number;
  /** Where an earlier search stopped. */
  readonly cursor?: string;
}

/** Prints what the collector keeps, as `tail` prints what comes. */
export async function search(request: SearchRequest, context: CommandContext): Promise<void> {
  const { screen } = context;
  const where = placeFilter(request.namespaces);
  const filter = both(where, searchFilter(request.text), collectorFilter(request.terms, { gaps: false }));
  const [home] = request.namespaces?.length === 1 ? request.namespaces : [];
  const format = await openDisplay(request, context, request.terms, new KnownAddresses(), home);
  const printer = new EventPrinter(context.stdout, format, { headings: request.headers, measure: true });
  await withCollector(context, async (collector) => {
    let left = request.limit;
    let { cursor } = request;
    let found = 0;
    do {
      const page = await readPage(
        collector,
        { ...request, filter, cursor, limit: Math.min(left, PAGE_EVENTS) },
        context,
      );
      for (const event of page.events) {
        const content = readLine(JSON.stringify(event));
        if (content.kind === 'event') await printer.print(content.received);
        else screen.say(`! an event is left out: ${content.kind === 'unreadable' ? content.problem : 'it is none'}`);
      }
      found += page.events.length;
      left -= page.events.length;
      cursor = page.events.length === 0 ? undefined : page.cursor;
    } while (left > 0 && cursor !== undefined && !context.signal.aborted);
    await printer.flush();
    if (found === 0) screen.say(nothingFound(request));
    else if (cursor !== undefined) screen.say(`There is more: --cursor ${cursor} goes on, --limit shows more at once.`);
    await tellGaps(collector, request.range, where, context);
  });
}

/** What was not seen in that time and place: an answer without it would look complete. */
async function tellGaps(
  collector: Collector,
  range: TimeRange,
  where: Filter,
  { screen, signal }: CommandContext,
): Promise<void> {
  const { totals } = await collector.ask(
    { path: '/totals', body: { range, filter: both(where, GAP_FILTER) }, signal },
    totalsAnswerSchema,
  );
  const gaps = totals.events ?? 0;
  if (gaps > 0) screen.say(`! ${gaps} gaps in this time: something was not seen (--kind gap shows them)`);
}

interface PageRequest extends Pick<SearchRequest, 'range' | 'order' | 'limit'> {
  readonly filter: Filter;
  readonly cursor: string | undefined;
}

function readPage(collector: Collector, request: PageRequest, { signal }: CommandContext) {
  const { range, order, limit, filter, cursor } = request;
  return collector.ask(
    { path: '/search', body: { range, filter, order, limit, cursor }, slow: true, signal },
    searchAnswerSchema,
  );
}

/** Events of these namespaces. */
export function placeFilter(namespaces: readonly string[] | undefined): Filter {
  if (namespaces === undefined) return EVERYTHING;
  return { kind: 'is', field: 'kubernetes.namespace', values: [...namespaces] };
}

function nothingFound({ namespaces, text, terms, range }: SearchRequest): string {
  const where = namespaces === undefined ? '' : ` in ${namespaces.join(', ')}`;
  const filtered = text !== '' || terms.length > 0 ? ' that passes the filters' : '';
  const since = new Date(range.from).toISOString();
  const hint = namespaces === undefined ? '' : '; -A looks in all namespaces';
  return `No event${filtered}${where} since ${since}${hint}.`;
}
