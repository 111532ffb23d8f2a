import { useState } from 'preact/hooks';
import type { AuditEvent } from '../../../contract/audit-event.ts';
import { useLoaded } from '../api/loaded.ts';
import { search } from '../api/questions.ts';
import { CopyButton } from '../parts/copy-button.tsx';
import { Icon } from '../parts/icon.tsx';
import { Outcome } from '../parts/outcome.tsx';
import { Awaited, Empty } from '../parts/states.tsx';
import { closeDetail, link } from '../route/route.ts';
import { type TimeRange, timeRange } from '../route/time-range.ts';
import { literalsHidden } from '../sign-in/session.ts';
import { bytes, dateTime, duration, preciseTime, share, whole } from '../text/format.ts';
import { t } from '../text/index.ts';
import { AllFields } from './all-fields.tsx';
import { Statement } from './statement.tsx';
import { actionName, lost, partyLine, whoOf } from './words.ts';

interface EventDetailProps {
  readonly id: string;
  /** Where it is looked for; absent: the view's time. */
  readonly range?: TimeRange;
}

/** An event by its id: a link to it shows others the same. */
export function EventDetail({ id, range = timeRange.value }: EventDetailProps) {
  const texts = t().event;
  const loaded = useLoaded(JSON.stringify([id, range]), (signal) =>
    search({ range, filter: { kind: 'is', field: 'event.id', values: [id] }, limit: 1 }, signal),
  );
  return (
    <section class="detail-panel" aria-label={texts.title}>
      <Awaited loaded={loaded}>
        {({ events: [event] }) => (event === undefined ? <Empty title={texts.missing} /> : <Detail event={event} />)}
      </Awaited>
      <button type="button" class="icon-button detail-close" aria-label={t().close} onClick={closeDetail}>
        <Icon name="close" />
      </button>
    </section>
  );
}

function Detail({ event }: { readonly event: AuditEvent }) {
  const texts = t().event;
  const session = event.dbaudit.session?.id;
  return (
    <>
      <header class="detail-head">
        <h2>{actionName(event)}</h2>
        <p>
          <Outcome value={event.event.outcome} label />
          <span class="mono muted">{preciseTime(event['@timestamp'], true)}</span>
        </p>
        <div class="actions">
          {session !== undefined && (
            <a class="button small" href={link(`/session/${session}`)}>
              {texts.toSession}
            </a>
          )}
          <CopyButton text={() => JSON.stringify(event, undefined, 2)} label={texts.copyJson} />
        </div>
      </header>
      <StatementBlock event={event} />
      <Facts event={event} />
      <h3>{texts.fields}</h3>
      <AllFields event={event} />
    </>
  );
}

function StatementBlock({ event }: { readonly event: AuditEvent }) {
  const texts = t().event;
  const { masked } = t();
  const [pretty, setPretty] = useState(true);
  const { statement } = event.dbaudit;
  const text = event.db?.query?.text ?? statement?.template;
  const parameters = Object.entries(event.db?.query?.parameter ?? {});
  const secrets = statement?.redaction.secrets ?? 0;
  if (text === undefined) return null;
  return (
    <div class="statement-block">
      <div class="statement-bar">
        <h3>{texts.statement}</h3>
        <span class="spacer" />
        <button type="button" class="text-button" aria-pressed={pretty} onClick={() => setPretty(!pretty)}>
          {pretty ? texts.asSent : texts.formatted}
        </button>
        <CopyButton text={() => text} label={t().copy} />
      </div>
      <pre tabIndex={0}>
        <Statement text={text} pretty={pretty} />
      </pre>
      {literalsHidden() && (
        <p class="tag">
          <Icon name="lock" /> {masked.hidden}. {masked.hiddenHelp}
        </p>
      )}
      {statement?.redaction.policy === 'literals' && (
        <p class="tag">
          <Icon name="lock" /> {masked.policy}
        </p>
      )}
      {secrets > 0 && (
        <p class="tag">
          <Icon name="lock" /> {masked.secrets(secrets)}
        </p>
      )}
      {statement?.truncated === true && <p class="tag warn">{texts.truncated(bytes(statement.text_length))}</p>}
      {parameters.length > 0 && (
        <>
          <h3>{texts.parameters}</h3>
          <ol class="parameters" start={0}>
            {parameters.map(([position, value]) => (
              <li key={position} class="mono">
                <span class="muted">{position}</span> {value === null ? <i class="muted">{texts.nullValue}</i> : value}
              </li>
            ))}
          </ol>
          {literalsHidden() && <p class="hint">{masked.parameters}</p>}
        </>
      )}
    </div>
  );
}

/** What a reader asks first, in words; what is absent is left out. */
function Facts({ event }: { readonly event: AuditEvent }) {
  const texts = t().event;
  const { db, dbaudit, error, client, server } = event;
  const returned = db?.response?.returned_rows;
  const changed = dbaudit.result?.affected_rows;
  const result = [
    returned === undefined ? '' : texts.rows(returned, whole(returned)),
    changed === undefined ? '' : texts.changed(changed, whole(changed)),
    dbaudit.result === undefined ? '' : bytes(dbaudit.result.bytes),
  ];
  const { actor } = dbaudit;
  const facts: readonly (readonly [string, string])[] = [
    [texts.when, dateTime(Date.parse(event['@timestamp']))],
    [texts.who, whoOf(event)],
    [
      texts.human,
      actor === undefined ? '' : `${actor.name} (${texts.humanHow(actor.method, share(actor.confidence))})`,
    ],
    [texts.from, partyLine(dbaudit.client?.k8s, client)],
    [texts.to, partyLine(dbaudit.server?.k8s, server)],
    [texts.database, [db?.system.name, db?.namespace].filter(Boolean).join(' · ')],
    [texts.result, result.filter(Boolean).join(', ')],
    [texts.took, event.event.duration === undefined ? '' : duration(event.event.duration)],
    [texts.reason, [event.event.reason, event.message].filter(Boolean).join(' · ')],
    [t().notSeen, lost(event)],
    [texts.notes, dbaudit.capture.notes?.join(', ') ?? ''],
  ];
  return (
    <>
      {error !== undefined && (
        <div class="note problem">
          <Icon name="alerts" />
          <p>
            <b class="mono">{error.code}</b> {error.message}
          </p>
        </div>
      )}
      <dl class="facts">
        {facts
          .filter(([, value]) => value !== '')
          .map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
      </dl>
    </>
  );
}
