import { type AlertAnswer, alertsAnswerSchema } from '../../../contract/collector-api.ts';
import { post } from '../api/call.ts';
import { useLoaded } from '../api/loaded.ts';
import { Level } from '../parts/outcome.tsx';
import { Allowed, Awaited, Empty } from '../parts/states.tsx';
import { link, route, setQuery } from '../route/route.ts';
import { may } from '../sign-in/session.ts';
import { ago, dateTime, whole } from '../text/format.ts';
import { t } from '../text/index.ts';
import { AlertDetail } from './alert-detail.tsx';
import { Silences } from './silences.tsx';

const LEVELS = ['critical', 'high', 'medium', 'low', 'informational'] as const;
const TABS = ['open', 'resolved', 'silences'] as const;
type Tab = (typeof TABS)[number];

/** Alerts that wait for somebody, those that are over, and what is silenced. */
export function Alerts() {
  const id = route.value.query.get('id');
  const tab = TABS.find((name) => name === route.value.query.get('tab')) ?? 'open';
  return (
    <Allowed right="alerts/get" has={may('alerts/get')}>
      {id !== null ? (
        <AlertDetail key={id} id={id} />
      ) : (
        <>
          <nav class="tabs" aria-label={t().nav.alerts}>
            {TABS.map((name) => (
              <a
                key={name}
                href={link('/alerts', { tab: name === 'open' ? undefined : name })}
                aria-current={name === tab ? 'page' : undefined}
              >
                {t().alerts[name]}
              </a>
            ))}
          </nav>
          {tab === 'silences' ? <Silences /> : <AlertList key={tab} tab={tab} />}
        </>
      )}
    </Allowed>
  );
}

function AlertList({ tab }: { readonly tab: Exclude<Tab, 'silences'> }) {
  const texts = t().alerts;
  const level = LEVELS.find((name) => name === route.value.query.get('level'));
  const loaded = useLoaded(`${tab} ${level}`, (signal) =>
    post(
      '/alerts',
      {
        states: tab === 'open' ? ['firing', 'acknowledged'] : ['resolved'],
        ...(level === undefined ? {} : { levels: [level] }),
      },
      alertsAnswerSchema,
      signal,
    ),
  );
  return (
    <>
      <div class="result-bar">
        <b aria-live="polite">
          {loaded.value !== undefined && texts.total(loaded.value.total, whole(loaded.value.total))}
        </b>
        <span class="spacer" />
        <label>
          <span class="visually-hidden">{texts.level}</span>
          <select
            value={level ?? ''}
            onChange={({ currentTarget: { value } }) => setQuery({ level: value === '' ? undefined : value })}
          >
            <option value="">{texts.anyLevel}</option>
            {LEVELS.map((name) => (
              <option key={name} value={name}>
                {t().levels[name]}
              </option>
            ))}
          </select>
        </label>
      </div>
      <Awaited loaded={loaded}>
        {({ alerts }) => (alerts.length === 0 ? <Empty title={texts.none} /> : <AlertTable alerts={alerts} />)}
      </Awaited>
    </>
  );
}

function AlertTable({ alerts }: { readonly alerts: readonly AlertAnswer[] }) {
  const { columns, states, silenced } = t().alerts;
  return (
    <table class="list panel">
      <thead>
        <tr>
          <th scope="col">{columns.level}</th>
          <th scope="col">{columns.summary}</th>
          <th scope="col">{columns.state}</th>
          <th scope="col" class="number wide-only">
            {columns.events}
          </th>
          <th scope="col" class="wide-only">
            {columns.assignee}
          </th>
          <th scope="col">{columns.last}</th>
        </tr>
      </thead>
      <tbody>
        {alerts.map((alert) => (
          <tr key={alert.id}>
            <td>
              <Level level={alert.level} />
            </td>
            <td class="grow">
              <a href={link('/alerts', { id: alert.id })} data-row>
                {alert.rule.title}
              </a>
              <p class="muted">{alert.summary}</p>
            </td>
            <td>
              <span class={`state ${alert.state}`}>{states[alert.state]}</span>
              {alert.silencedBy !== undefined && <span class="tag">{silenced}</span>}
            </td>
            <td class="number wide-only">{whole(alert.events)}</td>
            <td class="wide-only">{alert.assignee ?? ''}</td>
            <td class="nowrap muted" title={dateTime(alert.lastAt)}>
              {ago(alert.lastAt)}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
