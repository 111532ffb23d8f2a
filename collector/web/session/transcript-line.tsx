import type { AuditEvent } from '../../../contract/audit-event.ts';
import { Statement } from '../event/statement.tsx';
import { actionName, eventLine, isLoss, lost } from '../event/words.ts';
import { Icon } from '../parts/icon.tsx';
import { Outcome } from '../parts/outcome.tsx';
import { bytes, duration, preciseTime, whole } from '../text/format.ts';
import { t } from '../text/index.ts';

interface TranscriptLineProps {
  readonly event: AuditEvent;
  readonly before: AuditEvent | undefined;
  readonly withDay: boolean;
}

/** One record, and before it how many are missing between it and the one before. */
export function TranscriptLine({ event, before, withDay }: TranscriptLineProps) {
  const missing = missingBetween(before, event);
  return (
    <>
      {missing > 0 && (
        <li class="gap-line">
          <Icon name="gap" /> {t().session.missing(missing)}
        </li>
      )}
      {isLoss(event) ? <LossLine event={event} withDay={withDay} /> : <Line event={event} withDay={withDay} />}
    </>
  );
}

/** A session's records are numbered from 0; what has no number in between was lost, or is not for this reader. */
function missingBetween(before: AuditEvent | undefined, event: AuditEvent): number {
  const index = event.dbaudit.session?.index;
  const expected = before === undefined ? 0 : (before.dbaudit.session?.index ?? Number.NaN) + 1;
  return index !== undefined && index > expected ? index - expected : 0;
}

function LossLine({ event, withDay }: Omit<TranscriptLineProps, 'before'>) {
  const texts = t().session;
  const { gap_bytes: gapBytes } = event.dbaudit.capture;
  return (
    <li class="gap-line">
      <time class="mono" dateTime={event['@timestamp']}>
        {preciseTime(event['@timestamp'], withDay)}
      </time>
      <Icon name="gap" />
      <span>
        <b>{actionName(event)}</b> {gapBytes === undefined ? lost(event) : texts.gapBytes(bytes(gapBytes))}{' '}
        <span class="mono">{event.event.reason}</span>
      </span>
    </li>
  );
}

function Line({ event, withDay }: Omit<TranscriptLineProps, 'before'>) {
  const texts = t().event;
  const { db, dbaudit, error } = event;
  const returned = db?.response?.returned_rows;
  const changed = dbaudit.result?.affected_rows;
  const parameters = Object.values(db?.query?.parameter ?? {});
  const statement = db?.query?.text ?? dbaudit.statement?.template;
  return (
    <li class={event.event.outcome === 'failure' ? 'line failed' : 'line'}>
      <time class="mono" dateTime={event['@timestamp']}>
        {preciseTime(event['@timestamp'], withDay)}
      </time>
      <Outcome value={event.event.outcome} />
      <div class="line-body">
        {statement === undefined ? (
          <p>
            <b>{actionName(event)}</b> {eventLine(event)}
          </p>
        ) : (
          <Statement text={statement} pretty />
        )}
        {parameters.length > 0 && (
          <p class="muted mono line-parameters">
            {texts.parameters}: {parameters.map((value) => value ?? texts.nullValue).join(', ')}
          </p>
        )}
        {error !== undefined && (
          <p class="danger">
            <b class="mono">{error.code}</b> {error.message}
          </p>
        )}
      </div>
      <div class="line-result number muted">
        {returned !== undefined && <span>{texts.rows(returned, whole(returned))}</span>}
        {changed !== undefined && changed > 0 && <span>{texts.changed(changed, whole(changed))}</span>}
        {event.event.duration !== undefined && <span>{duration(event.event.duration)}</span>}
      </div>
    </li>
  );
}
