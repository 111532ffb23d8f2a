import { useState } from 'preact/hooks';
import type { AuditEvent } from '../../../contract/audit-event.ts';
import { useLoaded } from '../api/loaded.ts';
import { search } from '../api/questions.ts';
import { Icon } from '../parts/icon.tsx';
import { Awaited, Empty } from '../parts/states.tsx';
import { route } from '../route/route.ts';
import { whole } from '../text/format.ts';
import { t } from '../text/index.ts';
import { SessionFacts } from './session-facts.tsx';
import { TranscriptLine } from './transcript-line.tsx';

/** Records shown at first, and added by each `Show more`; a pooled connection can have a million. */
const STEP = 500;
const DAY_MILLIS = 86_400_000;

/** One session from its login to its end, with what is missing of it in its place. */
export function Transcript() {
  const texts = t().session;
  const [, id = ''] = route.value.path;
  const [limit, setLimit] = useState(STEP);
  // Whatever is kept of it, also what a clock ahead of ours wrote.
  const [to] = useState(Date.now() + DAY_MILLIS);
  const loaded = useLoaded(`${id} ${limit}`, (signal) =>
    search(
      {
        range: { from: 0, to },
        filter: { kind: 'is', field: 'dbaudit.session.id', values: [id] },
        order: 'oldest',
        limit,
      },
      signal,
    ),
  );
  return (
    <Awaited loaded={loaded}>
      {({ events, cursor }) =>
        events.length === 0 ? (
          <Empty title={texts.none}>
            <p class="mono muted">{id}</p>
          </Empty>
        ) : (
          <article class="session">
            <p class="session-id">
              <span class="muted">{texts.open}</span> <code>{id}</code>
              <span class="spacer" />
              <button type="button" class="button small no-print" onClick={() => print()}>
                {texts.print}
              </button>
            </p>
            <Warnings events={events} />
            <SessionFacts events={events} more={cursor !== undefined} />
            <section class="panel">
              <header class="panel-head">
                <h2>{texts.transcript}</h2>
                <span class="hint">{texts.count(events.length, whole(events.length))}</span>
              </header>
              <ol class={isLong(events) ? 'transcript with-day' : 'transcript'}>
                {events.map((event, index) => (
                  <TranscriptLine
                    key={event.event.id}
                    event={event}
                    before={events[index - 1]}
                    withDay={isLong(events)}
                  />
                ))}
              </ol>
              {cursor !== undefined && (
                <p class="pad">
                  <button type="button" class="button" onClick={() => setLimit(limit + STEP)}>
                    {t().states.more}
                  </button>
                </p>
              )}
            </section>
          </article>
        )
      }
    </Awaited>
  );
}

/** Whether the times of day alone would not say when. */
function isLong(events: readonly AuditEvent[]): boolean {
  const day = (event: AuditEvent | undefined) => new Date(event?.['@timestamp'] ?? 0).toDateString();
  return day(events[0]) !== day(events.at(-1));
}

/** What a reader must know before the first line. */
function Warnings({ events }: { readonly events: readonly AuditEvent[] }) {
  const texts = t().session;
  const has = (action: AuditEvent['event']['action']) => events.some(({ event }) => event.action === action);
  const seenFromStart = events.every(({ dbaudit }) => dbaudit.session?.captured_from_start !== false);
  return (
    <>
      {!seenFromStart && (
        <p class="note warning">
          <Icon name="gap" /> {texts.unseenStart}
        </p>
      )}
      {has('db.session.undecodable') && (
        <p class="note warning">
          <Icon name="gap" /> {texts.unreadable}
        </p>
      )}
    </>
  );
}
