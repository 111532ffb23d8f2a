import type { AuditEvent } from '../../../contract/audit-event.ts';
import { partyLine } from '../event/words.ts';
import { dateTime, share } from '../text/format.ts';
import { t } from '../text/index.ts';

/** Who it was and how they got in, from whichever of its events says so. */
export function SessionFacts({ events, more }: { readonly events: readonly AuditEvent[]; readonly more: boolean }) {
  const texts = t().session;
  const start = events.find(({ event }) => event.action === 'db.session.start');
  const end = events.find(({ event }) => event.action === 'db.session.end');
  const of = <T,>(read: (event: AuditEvent) => T | undefined): T | undefined => {
    for (const event of events) {
      const value = read(event);
      if (value !== undefined) return value;
    }
    return undefined;
  };
  const [first] = events;
  const actor = of(({ dbaudit }) => dbaudit.actor);
  const tls = of(({ dbaudit }) => dbaudit.session?.tls);
  const users = [...new Set(events.flatMap(({ user }) => user?.name ?? []))];
  const facts: readonly (readonly [string, string | undefined])[] = [
    [texts.account, users.join(' → ') || t().overview.noUser],
    [t().event.human, actor && `${actor.name} (${t().event.humanHow(actor.method, share(actor.confidence))})`],
    [texts.method, of(({ dbaudit }) => dbaudit.session?.auth?.method)],
    [
      texts.client,
      partyLine(
        of(({ dbaudit }) => dbaudit.client?.k8s),
        first?.client,
      ),
    ],
    [texts.program, of(({ dbaudit }) => dbaudit.session?.program)],
    [texts.driver, of(({ dbaudit }) => dbaudit.session?.driver)],
    [texts.server, serverLine(events)],
    [texts.tls, tls === undefined ? texts.noTls : [tls.version, tls.server_name].filter(Boolean).join(' · ')],
    [texts.started, start === undefined ? t().notSeen : dateTime(Date.parse(start['@timestamp']))],
    [
      texts.ended,
      end === undefined
        ? more
          ? '…'
          : texts.stillOpen
        : [dateTime(Date.parse(end['@timestamp'])), end.event.reason].filter(Boolean).join(' · '),
    ],
  ];
  return (
    <section class="panel">
      <header class="panel-head">
        <h2>{texts.how}</h2>
      </header>
      <dl class="facts two pad">
        {facts
          .filter(([, value]) => value !== undefined && value !== '')
          .map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
      </dl>
    </section>
  );
}

function serverLine(events: readonly AuditEvent[]): string {
  const [first] = events;
  const version = events.find(({ dbaudit }) => dbaudit.session?.server_version)?.dbaudit.session?.server_version;
  const party = events.find(({ dbaudit }) => dbaudit.server)?.dbaudit.server?.k8s;
  return [
    [events.find(({ db }) => db)?.db?.system.name, version].filter(Boolean).join(' '),
    partyLine(party, first?.server),
  ]
    .filter(Boolean)
    .join(' · ');
}
