import type { AuditEvent } from '../../../contract/audit-event.ts';
import { Outcome } from '../parts/outcome.tsx';
import { route } from '../route/route.ts';
import { duration, preciseTime, whole } from '../text/format.ts';
import { t } from '../text/index.ts';
import { Statement } from './statement.tsx';
import { actionName, eventLine, isLoss, partyLine, whoOf } from './words.ts';

/** A statement's beginning is enough for a line. */
const LONGEST_LINE = 400;

export function EventRowHead() {
  const { columns } = t().search;
  return (
    <div class="event-row head" aria-hidden="true">
      <span class="c-time">{columns.time}</span>
      <span class="c-outcome" />
      <span class="c-what">{columns.what}</span>
      <span class="c-user">{columns.user}</span>
      <span class="c-client">{columns.client}</span>
      <span class="c-database">{columns.database}</span>
      <span class="c-statement">{columns.statement}</span>
      <span class="c-rows number">{columns.rows}</span>
      <span class="c-duration number">{columns.duration}</span>
    </div>
  );
}

interface EventRowProps {
  readonly event: AuditEvent;
  readonly withDay: boolean;
  readonly chosen: boolean;
}

/** An event in a line; opens its detail beside the list. */
export function EventRow({ event, withDay, chosen }: EventRowProps) {
  const { db, dbaudit, client } = event;
  const rows = db?.response?.returned_rows ?? dbaudit.result?.affected_rows;
  const text = eventLine(event).slice(0, LONGEST_LINE);
  const kind = isLoss(event) ? 'event-row loss' : 'event-row';
  const from = partyLine(dbaudit.client?.k8s, client);
  return (
    <a href={eventLink(event.event.id)} class={chosen ? `${kind} chosen` : kind} data-row aria-current={chosen}>
      <time class="c-time mono" dateTime={event['@timestamp']}>
        {preciseTime(event['@timestamp'], withDay)}
      </time>
      <span class="c-outcome">
        <Outcome value={event.event.outcome} />
      </span>
      <span class="c-what ellipsis">{dbaudit.statement?.class ?? actionName(event)}</span>
      <span class="c-user ellipsis">{whoOf(event)}</span>
      <span class="c-client ellipsis" title={from}>
        {from}
      </span>
      <span class="c-database ellipsis">{db?.namespace ?? db?.system.name ?? ''}</span>
      <span class="c-statement ellipsis">{db?.query === undefined ? text : <Statement text={text} />}</span>
      <span class="c-rows number">{rows === undefined ? '' : whole(rows)}</span>
      <span class="c-duration number">{event.event.duration === undefined ? '' : duration(event.event.duration)}</span>
    </a>
  );
}

function eventLink(id: string): string {
  const query = new URLSearchParams(route.value.query);
  query.set('event', id);
  return `${location.pathname}?${query}`;
}
