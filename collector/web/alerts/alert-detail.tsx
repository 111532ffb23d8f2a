import { useState } from 'preact/hooks';
import type * as z from 'zod';
import {
  type AlertAnswer,
  type alertChangeSchema,
  alertSchema,
  alertsAnswerSchema,
} from '../../../contract/collector-api.ts';
import { type Problem, post } from '../api/call.ts';
import { asProblem, useLoaded } from '../api/loaded.ts';
import { search } from '../api/questions.ts';
import { EventDetail } from '../event/event-detail.tsx';
import { EventRow, EventRowHead } from '../event/event-row.tsx';
import { Level } from '../parts/outcome.tsx';
import { Allowed, Awaited, Empty, ProblemNote } from '../parts/states.tsx';
import { link, route } from '../route/route.ts';
import { may } from '../sign-in/session.ts';
import { dateTime, whole } from '../text/format.ts';
import { t } from '../text/index.ts';
import { AlertHistory } from './alert-history.tsx';
import { SilenceDialog } from './silence-dialog.tsx';

type Change = z.infer<typeof alertChangeSchema>;

/** What one question gives at most: there is none for a single alert. */
const MOST_ALERTS = 1000;
const MOST_EVENTS = 50;
const DAY_MILLIS = 86_400_000;

export function AlertDetail({ id }: { readonly id: string }) {
  const texts = t().alerts;
  const [changed, setChanged] = useState<AlertAnswer>();
  const loaded = useLoaded(id, async (signal) => {
    const states = ['firing', 'acknowledged', 'resolved'];
    const { alerts } = await post('/alerts', { states, limit: MOST_ALERTS }, alertsAnswerSchema, signal);
    return alerts.find((alert) => alert.id === id);
  });
  return (
    <>
      <p>
        <a href={link('/alerts')}>← {texts.all}</a>
      </p>
      <Awaited loaded={loaded}>
        {(found) => {
          const alert = changed ?? found;
          return alert === undefined ? (
            <Empty title={texts.missing} />
          ) : (
            <Detail alert={alert} onChanged={setChanged} reload={loaded.reload} />
          );
        }}
      </Awaited>
    </>
  );
}

interface DetailProps {
  readonly alert: AlertAnswer;
  readonly onChanged: (alert: AlertAnswer) => void;
  readonly reload: () => void;
}

function Detail({ alert, onChanged, reload }: DetailProps) {
  const texts = t().alerts;
  const group = Object.entries(alert.group);
  const facts: readonly (readonly [string, string])[] = [
    [texts.group, group.map(([field, value]) => `${field} = ${value}`).join('\n')],
    [texts.started, dateTime(alert.startedAt)],
    [texts.last, dateTime(alert.lastAt)],
    [texts.ended, alert.endedAt === undefined ? '' : dateTime(alert.endedAt)],
    [texts.detections, whole(alert.detections)],
    [texts.events, whole(alert.events)],
    [texts.namespaces, alert.namespaces.join(', ')],
    [texts.assignee, alert.assignee ?? texts.nobody],
    [texts.silenced, alert.silencedBy ?? ''],
    [texts.escalation, alert.escalation === 0 ? '' : whole(alert.escalation)],
  ];
  return (
    <article class="alert">
      <header class="alert-head">
        <Level level={alert.level} />
        <h2>
          <a href={link('/rules', { id: alert.rule.id })}>{alert.rule.title}</a>
        </h2>
        <span class={`state ${alert.state}`}>{texts.states[alert.state]}</span>
      </header>
      <p class="lead">{alert.summary}</p>
      <Allowed right="alerts/update" has={may('alerts/update')}>
        <Actions {...{ alert, onChanged, reload }} />
      </Allowed>
      <div class="columns">
        <section class="panel">
          <dl class="facts pad">
            {facts
              .filter(([, value]) => value !== '')
              .map(([name, value]) => (
                <div key={name}>
                  <dt>{name}</dt>
                  <dd class="lines">{value}</dd>
                </div>
              ))}
          </dl>
        </section>
        <section class="panel">
          <header class="panel-head">
            <h2>{texts.history}</h2>
          </header>
          <AlertHistory history={alert.history} />
        </section>
      </div>
      <AlertEvents alert={alert} />
    </article>
  );
}

function Actions({ alert, onChanged, reload }: DetailProps) {
  const texts = t().alerts;
  const [text, setText] = useState('');
  const [assignee, setAssignee] = useState(alert.assignee ?? '');
  const [problem, setProblem] = useState<Problem>();
  const [silencing, setSilencing] = useState(false);

  async function change(what: Change['what'], more: Omit<Change, 'what'> = {}): Promise<void> {
    setProblem(undefined);
    try {
      const path = `/alerts/${encodeURIComponent(alert.id)}/change`;
      onChanged(await post(path, { what, ...(text === '' ? {} : { text }), ...more }, alertSchema));
      setText('');
    } catch (error) {
      setProblem(asProblem(error));
    }
  }

  return (
    <div class="panel pad alert-actions no-print">
      <div class="actions">
        {alert.state === 'firing' && (
          <button type="button" class="button primary" onClick={() => change('acknowledge')}>
            {texts.acknowledge}
          </button>
        )}
        {alert.state !== 'resolved' && (
          <button type="button" class="button" onClick={() => change('resolve')}>
            {texts.resolve}
          </button>
        )}
        <button type="button" class="button" onClick={() => setSilencing(true)} disabled={!may('silences/update')}>
          {texts.silence}
        </button>
        <form
          class="inline-form"
          onSubmit={(event) => {
            event.preventDefault();
            if (assignee.trim() !== '') void change('assign', { assignee: assignee.trim() });
          }}
        >
          <label>
            <span class="visually-hidden">{texts.assignTo}</span>
            <input
              value={assignee}
              placeholder={texts.assignTo}
              onInput={(event) => setAssignee(event.currentTarget.value)}
            />
          </label>
          <button type="submit" class="button">
            {texts.assign}
          </button>
        </form>
      </div>
      <form
        class="inline-form"
        onSubmit={(event) => {
          event.preventDefault();
          if (text.trim() !== '') void change('comment');
        }}
      >
        <label class="grow">
          <span class="visually-hidden">{texts.comment}</span>
          <input value={text} placeholder={texts.comment} onInput={(event) => setText(event.currentTarget.value)} />
        </label>
        <button type="submit" class="button">
          {texts.send}
        </button>
      </form>
      {problem !== undefined && <ProblemNote problem={problem} />}
      {silencing && (
        <SilenceDialog
          alert={alert}
          onClose={(created) => {
            setSilencing(false);
            if (created) reload();
          }}
        />
      )}
    </div>
  );
}

/** The events that raised it, as far as the reader may see them. */
function AlertEvents({ alert }: { readonly alert: AlertAnswer }) {
  const texts = t().alerts;
  const chosen = route.value.query.get('event');
  const range = { from: Math.max(0, alert.startedAt - DAY_MILLIS), to: alert.lastAt + DAY_MILLIS };
  const loaded = useLoaded(alert.eventIds.length === 0 ? undefined : alert.eventIds.join(' '), (signal) =>
    search(
      { range, filter: { kind: 'is', field: 'event.id', values: alert.eventIds }, order: 'oldest', limit: MOST_EVENTS },
      signal,
    ),
  );
  if (alert.eventIds.length === 0) return null;
  return (
    <section class="panel">
      <header class="panel-head">
        <h2>{texts.eventsOf}</h2>
      </header>
      <Awaited loaded={loaded}>
        {({ events }) =>
          events.length === 0 ? (
            <p class="muted pad">{t().event.missing}</p>
          ) : (
            <div class={chosen === null ? 'results' : 'results with-detail'}>
              <div class="event-list plain with-day">
                <EventRowHead />
                {events.map((event) => (
                  <EventRow key={event.event.id} event={event} withDay chosen={event.event.id === chosen} />
                ))}
              </div>
              {chosen !== null && <EventDetail key={chosen} id={chosen} range={range} />}
            </div>
          )
        }
      </Awaited>
    </section>
  );
}
