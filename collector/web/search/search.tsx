import { useEffect, useState } from 'preact/hooks';
import { EVERYTHING, type Filter } from '../../../contract/filter.ts';
import { useLoaded } from '../api/loaded.ts';
import { histogram, totals } from '../api/questions.ts';
import { EventDetail } from '../event/event-detail.tsx';
import { LOSSES } from '../event/words.ts';
import { Awaited } from '../parts/states.tsx';
import { TimeChart } from '../parts/time-chart.tsx';
import { route, setQuery } from '../route/route.ts';
import { chooseRange, stepSeconds, type TimeRange, timeRange } from '../route/time-range.ts';
import { dateTime, whole } from '../text/format.ts';
import { t } from '../text/index.ts';
import { EventList } from './event-list.tsx';
import { ExportMenu } from './export-menu.tsx';
import { Facets } from './facets.tsx';
import { SearchBox } from './search-box.tsx';
import { readQuery } from './search-language.ts';

type Order = 'newest' | 'oldest';

/** Events that match what the box says, how many when, and each of them. All of it is in the address. */
export function Search() {
  const texts = t().search;
  const { query } = route.value;
  const text = query.get('q') ?? '';
  const order: Order = query.get('order') === 'oldest' ? 'oldest' : 'newest';
  const range = timeRange.value;
  const read = readQuery(text);
  const filter = read.filter ?? EVERYTHING;
  const key = read.filter === undefined ? undefined : JSON.stringify([range, filter]);
  const counts = useLoaded(key, (signal) => totals({ range, filter }, signal));
  const total = counts.value?.totals.events;
  const at = beginning(query.get('at'), range);
  const event = query.get('event');

  return (
    <div class={event === null ? 'search' : 'search with-detail'}>
      <SearchBox text={text} problem={read.problem} />
      {read.filter !== undefined && (
        <>
          <Activity range={range} filter={filter} order={order} />
          <div class="result-bar">
            <b aria-live="polite">{total === undefined ? '…' : texts.hits(total, whole(total))}</b>
            {at !== undefined && (
              <span class="tag">
                {texts.at(dateTime(at))}{' '}
                <button type="button" class="text-button" onClick={() => setQuery({ at: undefined })}>
                  {texts.backToStart}
                </button>
              </span>
            )}
            <span class="spacer" />
            <label>
              <span class="visually-hidden">{texts.order}</span>
              <select
                value={order}
                onChange={({ currentTarget: { value } }) =>
                  setQuery({ order: value === 'oldest' ? value : undefined, at: undefined })
                }
              >
                <option value="newest">{texts.newest}</option>
                <option value="oldest">{texts.oldest}</option>
              </select>
            </label>
            <ExportMenu request={{ range, filter, order }} />
          </div>
          <div class="results">
            <Facets range={range} filter={filter} text={text} />
            <EventList range={from(range, order, at)} filter={filter} order={order} />
            {event !== null && <EventDetail key={event} id={event} />}
          </div>
        </>
      )}
    </div>
  );
}

function Activity({
  range,
  filter,
  order,
}: {
  readonly range: TimeRange;
  readonly filter: Filter;
  readonly order: Order;
}) {
  const texts = t().overview;
  const [step, setStep] = useState(stepSeconds(range));
  useEffect(() => setStep(stepSeconds(range)), [range]);
  const loaded = useLoaded(JSON.stringify([range, filter]), async (signal) => {
    const question = { range, stepSeconds: stepSeconds(range) };
    const [events, losses] = await Promise.all([
      histogram({ ...question, filter }, signal),
      // What was not seen may be of any search's events, so it is shown beside each.
      histogram({ ...question, filter: { kind: 'is', field: 'event.action', values: LOSSES } }, signal),
    ]);
    return { steps: events.steps, events: events.lines[0]?.counts ?? [], losses: losses.lines[0]?.counts ?? [] };
  });
  return (
    <section class="panel">
      <Awaited loaded={loaded}>
        {({ steps, events, losses }) => (
          <TimeChart
            label={texts.activity}
            range={range}
            steps={steps}
            stepSeconds={step}
            onZoom={chooseRange}
            onPick={(bar) => setQuery({ at: String(order === 'newest' ? bar.to : bar.from) })}
            lanes={[
              { kind: 'events', label: t().search.results, counts: events },
              { kind: 'gaps', label: texts.gapsLane, counts: losses },
            ]}
          />
        )}
      </Awaited>
      <p class="hint chart-hint">{t().search.jumpHint}</p>
    </section>
  );
}

/** Where the reader jumped to, if it is within the range. */
function beginning(text: string | null, { from, to }: TimeRange): number | undefined {
  const at = Number(text ?? Number.NaN);
  return Number.isSafeInteger(at) && at > from && at < to ? at : undefined;
}

function from(range: TimeRange, order: Order, at: number | undefined): TimeRange {
  if (at === undefined) return range;
  return order === 'newest' ? { from: range.from, to: at } : { from: at, to: range.to };
}
