import type { CommandContext } from '../context.ts';
import { buildFilter, type FilterTerm } from '../events/filter.ts';
import { durationText } from '../events/formats/event-words.ts';
import { KnownAddresses } from '../events/known-addresses.ts';
import { OtherEnd } from '../events/other-end.ts';
import { readEvents } from '../events/stream/event-source.ts';
import { type PodSelectionFlags, selectPods } from '../events/stream/pod-selection.ts';
import type { Top } from '../output/schemas/top.ts';
import { OUTPUT_API_VERSION, printDocument } from '../output/structured.ts';
import { type Column, formatTable } from '../output/table.ts';
import { cutText } from '../output/text-width.ts';
import type { Grouping } from './groups.ts';
import { Ranking } from './ranking.ts';
import { averageNanos, type Measure, type Totals } from './totals.ts';

const REFRESH_MILLIS = 2_000;
/** Lines are written over those before and cleared behind their ends: nothing flickers. */
const HOME = '\u001b[H';
const CLEAR_TO_LINE_END = '\u001b[K';
const CLEAR_BELOW = '\u001b[J';
const CLEAR_SCREEN = '\u001b[2J';
/** Pods that came and went, and the like. */
const SHOWN_NOTES = 3;
const NARROWEST = 80;

export interface TopRequest extends PodSelectionFlags {
  readonly grouping: Grouping;
  readonly measure: Measure;
  readonly windowMillis: number;
  readonly limit: number;
  readonly watch: boolean;
  readonly output: 'table' | 'json';
  readonly maxPods: number;
  readonly terms: readonly FilterTerm[];
}

/** Ranks what the agents of the selected pods saw in the last while: once, or with `watch` until the signal. */
export async function top(request: TopRequest, context: CommandContext): Promise<void> {
  const { screen, signal } = context;
  const cluster = await context.cluster();
  const known = new KnownAddresses();
  const selection = await selectPods(cluster, request);
  const passes = await buildFilter(request.terms, known);
  const ranking = new Ranking(request.grouping, request.windowMillis, known);
  const otherEnd = new OtherEnd();
  const since = Date.now() - request.windowMillis;
  const redraw = request.watch && request.output === 'table' && context.stdout.isTTY === true;
  // A table that is drawn over itself leaves no place for lines between.
  let notes: readonly string[] = [];
  const show = () => {
    const document = report(ranking, request);
    if (request.output === 'json') printDocument(screen, 'json', document);
    else if (redraw) draw([...topLines(document, context.stdout.columns), ...notes], context);
    else for (const line of topLines(document, screen.width)) screen.print(line);
  };
  let refreshing: NodeJS.Timeout | undefined;
  if (redraw) context.stdout.write(CLEAR_SCREEN);
  try {
    const pods = await readEvents({
      cluster,
      selection,
      known,
      history: { since },
      follow: request.watch,
      maxPods: request.maxPods,
      signal,
      say: (line) => {
        if (redraw) notes = [...notes, cutText(line, context.stdout.columns ?? NARROWEST)].slice(-SHOWN_NOTES);
        else screen.say(line);
      },
      onEvent: async (received) => {
        if (passes(received.event) && !otherEnd.isRepeat(received.event)) ranking.add(received);
      },
      onHistoryEnd: async () => {
        if (!request.watch) return;
        show();
        refreshing = setInterval(show, REFRESH_MILLIS);
      },
    });
    if (!request.watch && pods > 0 && !signal.aborted) show();
  } finally {
    clearInterval(refreshing);
  }
}

/** Over what was drawn before, as much as the terminal holds. */
function draw(lines: readonly string[], { stdout }: CommandContext): void {
  const room = (stdout.rows ?? lines.length + 1) - 1;
  const shown = lines.slice(0, Math.max(1, room)).map((line) => `${line}${CLEAR_TO_LINE_END}\n`);
  stdout.write(`${HOME}${shown.join('')}${CLEAR_BELOW}`);
}

function report(ranking: Ranking, { grouping, measure, windowMillis, limit }: TopRequest): Top {
  const now = Date.now();
  const { groups, statements, gaps } = ranking.at(now, measure);
  return {
    apiVersion: OUTPUT_API_VERSION,
    kind: 'Top',
    of: grouping,
    by: measure,
    since: new Date(now - windowMillis).toISOString(),
    until: new Date(now).toISOString(),
    statements,
    gaps,
    items: groups.slice(0, limit).map(item),
  };
}

function item(totals: Totals): Top['items'][number] {
  const { name, count, errors, rows, bytes, timed, longestNanos } = totals;
  return {
    name,
    count,
    errors,
    averageNanos: averageNanos(totals) ?? null,
    longestNanos: timed === 0 ? null : longestNanos,
    rows,
    bytes,
  };
}

/** The table, and below it what the numbers are of. */
export function topLines({ of, items, statements, gaps, since, until }: Top, width: number | undefined): string[] {
  const seconds = Math.round((Date.parse(until) - Date.parse(since)) / 1_000);
  const summary = `${statements} statements in ${seconds} s, ${(statements / seconds).toFixed(1)} a second`;
  const unseen =
    gaps === 0
      ? []
      : [
          `${gaps} ${gaps === 1 ? 'gap' : 'gaps'}: not all was seen (\`kubectl dbaudit tail --kind gap --since ${seconds}s\`)`,
        ];
  const columns: readonly Column<Top['items'][number]>[] = [
    { heading: 'COUNT', align: 'right', cell: ({ count }) => String(count) },
    { heading: 'ERRORS', align: 'right', cell: ({ errors }) => String(errors) },
    { heading: 'AVERAGE', align: 'right', cell: ({ averageNanos }) => durationText(averageNanos ?? undefined) || '-' },
    { heading: 'LONGEST', align: 'right', cell: ({ longestNanos }) => durationText(longestNanos ?? undefined) || '-' },
    { heading: 'ROWS', align: 'right', cell: ({ rows }) => String(rows) },
    { heading: 'BYTES', align: 'right', cell: ({ bytes }) => String(bytes) },
    { heading: of.slice(0, -1).toUpperCase(), mayShrink: true, cell: ({ name }) => name },
  ];
  return [...formatTable(columns, items, { width }), '', summary, ...unseen];
}
