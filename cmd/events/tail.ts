import { isTranslatable } from '../collector-client/filter-terms.ts';
import { chooseCollector } from '../collector-client/tail-collector.ts';
import { readTail } from '../collector-client/tail-source.ts';
import type { CommandContext } from '../context.ts';
import { type DisplayOptions, openDisplay } from './display-options.ts';
import { EventPrinter } from './event-printer.ts';
import { buildFilter, type FilterTerm } from './filter.ts';
import { isGap } from './kinds.ts';
import { KnownAddresses } from './known-addresses.ts';
import { OtherEnd } from './other-end.ts';
import { RateLimit } from './rate-limit.ts';
import type { Received } from './received.ts';
import { readEvents } from './stream/event-source.ts';
import { type PodSelectionFlags, selectPods } from './stream/pod-selection.ts';
import { isWithin, type TimeWindow } from './time-window.ts';

const NOTICE_MILLIS = 1_000;

export interface TailRequest extends PodSelectionFlags, DisplayOptions {
  readonly terms: readonly FilterTerm[];
  readonly window: TimeWindow;
  /** The last so many of what is there. */
  readonly last: number | undefined;
  readonly follow: boolean;
  readonly maxPods: number;
  /** What the agents of client and server both saw is shown as each has it. */
  readonly bothEnds: boolean;
  /** Events a second; Infinity: all. */
  readonly maxRate: number;
  /** The logs of agents are read, whether there is a collector or not. */
  readonly fromAgents: boolean;
}

/**
 * Prints the events of the selected pods' agents until the signal, or until all is read: by the one stream of the collector
 * where there is one that can give them, else from the logs of the agents.
 */
export async function tail(request: TailRequest, context: CommandContext): Promise<void> {
  const { screen } = context;
  const cluster = await context.cluster();
  const known = new KnownAddresses();
  const chosen = request.fromAgents ? undefined : await chooseCollector(request, context);
  const selection = await selectPods(cluster, request);
  const passes = await buildFilter(chosen === undefined ? request.terms : untranslatable(request.terms), known);
  const format = await openDisplay(request, context, request.terms, known, selection.namespace);
  const { window, last, follow, maxPods } = request;
  const history = !follow || last !== undefined || window.since !== undefined;
  const printer = new EventPrinter(context.stdout, format, { headings: request.headers, measure: history });
  const otherEnd = request.bothEnds ? undefined : new OtherEnd();
  const rate = new RateLimit(request.maxRate);
  const tellHidden = () => {
    const hidden = rate.takeHidden();
    if (hidden > 0) screen.say(hiddenNotice(hidden, rate.perSecond));
  };
  let lastOnes: Received[] = [];
  let live = !history;
  let found = 0;
  const end = endAt(window.until, context.signal);
  const notices = setInterval(tellHidden, NOTICE_MILLIS);
  try {
    const reader = {
      signal: end.signal,
      say: (line: string) => screen.say(line),
      onEvent: async (received: Received) => {
        if (!isWithin(window, received) || !passes(received.event) || otherEnd?.isRepeat(received.event)) return;
        found++;
        if (live) {
          if (isGap(received.event) || rate.admits(Date.now())) await printer.print(received);
        } else if (last === undefined) await printer.print(received);
        else {
          lastOnes.push(received);
          // Not one by one: taking from the front moves all the others.
          if (lastOnes.length >= 2 * last) lastOnes = lastOnes.slice(-last);
        }
      },
      onHistoryEnd: async () => {
        for (const received of lastOnes.slice(-(last ?? 1))) await printer.print(received);
        lastOnes = [];
        await printer.flush();
        live = true;
      },
    };
    if (chosen !== undefined) {
      await readTail({ ...chosen, ...reader, ...(history ? { history: { since: window.since, last } } : {}) });
      return;
    }
    const read = history ? { history: { since: window.since } } : {};
    const pods = await readEvents({ ...reader, ...read, cluster, selection, known, follow, maxPods });
    if (!follow && pods > 0 && found === 0) screen.say(nothingFound(pods, request.terms.length > 0));
  } finally {
    chosen?.collector.close();
    clearInterval(notices);
    end.clear();
    tellHidden();
  }
}

function untranslatable(terms: readonly FilterTerm[]): readonly FilterTerm[] {
  return terms.filter((term) => !isTranslatable(term));
}

/** Aborted with `signal`, and at `until` (milliseconds since 1970) if that is given. */
function endAt(until: number | undefined, signal: AbortSignal): { readonly signal: AbortSignal; clear(): void } {
  const end = new AbortController();
  const timer = until === undefined ? undefined : setTimeout(() => end.abort(), Math.max(0, until - Date.now()));
  return { signal: AbortSignal.any([signal, end.signal]), clear: () => clearTimeout(timer) };
}

function hiddenNotice(hidden: number, perSecond: number): string {
  return `! ${hidden} events not shown: more than ${perSecond} a second (--max-rate all shows all, filters show fewer)`;
}

function nothingFound(pods: number, filtered: boolean): string {
  const of = pods === 1 ? 'the log of 1 agent' : `the logs of ${pods} agents`;
  return `No event ${filtered ? 'that passes the filters ' : ''}in ${of}.`;
}
