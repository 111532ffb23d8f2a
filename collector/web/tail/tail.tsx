import { useEffect, useRef, useState } from 'preact/hooks';
import type { AuditEvent } from '../../../contract/audit-event.ts';
import type { Problem } from '../api/call.ts';
import { asProblem } from '../api/loaded.ts';
import { EventDetail } from '../event/event-detail.tsx';
import { EventRow, EventRowHead } from '../event/event-row.tsx';
import { Icon } from '../parts/icon.tsx';
import { Empty, ProblemNote } from '../parts/states.tsx';
import { route } from '../route/route.ts';
import { refresh } from '../route/time-range.ts';
import { SearchBox } from '../search/search-box.tsx';
import { readQuery } from '../search/search-language.ts';
import { whole } from '../text/format.ts';
import { t } from '../text/index.ts';
import { follow } from './tail-stream.ts';

/** As many as anybody reads while they pass. */
const SHOWN = 200;
/** Drawing more often than this shows nothing more. */
const DRAW_MILLIS = 250;
const RECONNECT_MILLIS = 2000;

/** Events as they come. What the page is too slow for is counted, never left out silently. */
export function Tail() {
  const texts = t().tail;
  const text = route.value.query.get('q') ?? '';
  const chosen = route.value.query.get('event');
  const read = readQuery(text);
  const [events, setEvents] = useState<readonly AuditEvent[]>([]);
  const [behind, setBehind] = useState(0);
  const [problem, setProblem] = useState<Problem>();
  const [ended, setEnded] = useState(false);
  const [paused, setPaused] = useState(false);
  const [held, setHeld] = useState(0);
  const [attempt, setAttempt] = useState(0);
  const waiting = useRef<AuditEvent[]>([]);
  const heldBack = useRef(0);
  const isPaused = useRef(false);
  isPaused.current = paused;

  // The text says what the filter is.
  useEffect(() => {
    if (read.filter === undefined) return;
    const abort = new AbortController();
    setProblem(undefined);
    setEnded(false);
    let again: ReturnType<typeof setTimeout> | undefined;
    const onEvent = (event: AuditEvent) => {
      waiting.current.push(event);
      if (isPaused.current) heldBack.current += 1;
      if (waiting.current.length > SHOWN) waiting.current.shift();
    };
    follow(read.filter, { onEvent, onBehind: (count) => setBehind((sum) => sum + count) }, abort.signal).then(
      () => {
        setEnded(true);
        again = setTimeout(() => setAttempt((count) => count + 1), RECONNECT_MILLIS);
      },
      (error: unknown) => {
        if (!abort.signal.aborted) setProblem(asProblem(error));
      },
    );
    return () => {
      clearTimeout(again);
      abort.abort();
    };
  }, [text, attempt]);
  // Another filter begins with an empty list.
  useEffect(() => {
    waiting.current = [];
    setEvents([]);
    setBehind(0);
  }, [text]);
  useEffect(() => {
    const timer = setInterval(() => {
      setHeld(heldBack.current);
      if (isPaused.current || waiting.current.length === 0) return;
      const arrived = waiting.current.reverse();
      waiting.current = [];
      setEvents((shown) => [...arrived, ...shown].slice(0, SHOWN));
    }, DRAW_MILLIS);
    return () => clearInterval(timer);
  }, []);
  // An event's detail is searched within the last day up to now.
  // Each chosen event is newer than the last question.
  useEffect(() => refresh(), [chosen]);

  return (
    <div class={chosen === null ? 'tail search' : 'tail search with-detail'}>
      <SearchBox text={text} problem={read.problem} action={texts.filter} />
      <div class="result-bar">
        <span class={paused || ended || problem !== undefined ? 'live off' : 'live'} role="status">
          {paused ? texts.paused(whole(held)) : ended ? texts.ended : texts.live}
        </span>
        <span class="hint">{texts.kept(whole(SHOWN))}</span>
        <span class="spacer" />
        <button
          type="button"
          class="button"
          aria-pressed={paused}
          onClick={() => {
            heldBack.current = 0;
            setHeld(0);
            setPaused(!paused);
          }}
        >
          <Icon name={paused ? 'play' : 'pause'} /> {paused ? texts.resume : texts.pause}
        </button>
        <button type="button" class="button" onClick={() => setEvents([])}>
          {texts.clear}
        </button>
      </div>
      {behind > 0 && (
        <p class="note warning">
          <Icon name="gap" /> {texts.behind(whole(behind))}
        </p>
      )}
      {problem !== undefined && <ProblemNote problem={problem} retry={() => setAttempt(attempt + 1)} />}
      <div class="results">
        <div class="event-list">
          <EventRowHead />
          {events.length === 0 ? (
            <Empty title={texts.waiting} />
          ) : (
            <ol class="tail-rows" aria-label={t().search.results}>
              {events.map((event) => (
                <li key={event.event.id}>
                  <EventRow event={event} withDay={false} chosen={event.event.id === chosen} />
                </li>
              ))}
            </ol>
          )}
        </div>
        {chosen !== null && <EventDetail key={chosen} id={chosen} />}
      </div>
    </div>
  );
}
