import { signal } from '@preact/signals';
import { useEffect, useMemo, useState } from 'preact/hooks';
import type { AuditEvent } from '../../../contract/audit-event.ts';
import type { Filter } from '../../../contract/filter.ts';
import { asProblem } from '../api/loaded.ts';
import { search } from '../api/questions.ts';
import { EventRow, EventRowHead } from '../event/event-row.tsx';
import { Empty, Loading, ProblemNote } from '../parts/states.tsx';
import { VirtualRows } from '../parts/virtual-rows.tsx';
import { route } from '../route/route.ts';
import type { TimeRange } from '../route/time-range.ts';
import { t } from '../text/index.ts';
import { PAGE_EVENTS, ResultPages } from './result-pages.ts';

/** The style sheet's widths change here too. */
const narrow = matchMedia('(max-width: 760px)');
export const isNarrow = signal(narrow.matches);
narrow.addEventListener('change', () => {
  isNarrow.value = narrow.matches;
});

const ROW_HEIGHT = 29;
/** Two lines. */
const NARROW_ROW_HEIGHT = 54;
const DAY_MILLIS = 86_400_000;

interface EventListProps {
  readonly range: TimeRange;
  readonly filter: Filter;
  readonly order: 'newest' | 'oldest';
}

/** Events in order of time, fetched as the reader scrolls. */
export function EventList({ range, filter, order }: EventListProps) {
  const texts = t().search;
  const key = JSON.stringify([range, filter, order]);
  const [, setChanges] = useState(0);
  // The key holds all that is asked.
  const pages = useMemo(
    () =>
      new ResultPages(
        (cursor, signal) =>
          search({ range, filter, order, limit: PAGE_EVENTS, ...(cursor === undefined ? {} : { cursor }) }, signal),
        () => setChanges((count) => count + 1),
      ),
    [key],
  );
  useEffect(() => () => pages.close(), [pages]);

  if (pages.ended && pages.rows === 0) return <Empty title={texts.none}>{texts.noneHelp}</Empty>;
  const withDay = range.to - range.from > DAY_MILLIS;
  const chosen = route.value.query.get('event');
  return (
    <div class={withDay ? 'event-list with-day' : 'event-list'}>
      {pages.failure !== undefined && <ProblemNote problem={asProblem(pages.failure)} retry={() => pages.retry()} />}
      {pages.at(0) === undefined && pages.failure === undefined && <Loading />}
      <EventRowHead />
      <VirtualRows
        label={texts.results}
        count={pages.at(0) === undefined && !pages.ended ? 0 : pages.rows}
        rowHeight={isNarrow.value ? NARROW_ROW_HEIGHT : ROW_HEIGHT}
        content={key}
        onSeen={(first, last) => pages.want(first, last)}
        row={(index) => listed(pages.at(index), withDay, chosen)}
      />
    </div>
  );
}

function listed(event: AuditEvent | undefined, withDay: boolean, chosen: string | null) {
  if (event === undefined) return <span class="event-row waiting" />;
  return <EventRow event={event} withDay={withDay} chosen={event.event.id === chosen} />;
}
