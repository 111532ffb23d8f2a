import { alertsAnswerSchema } from '../../../contract/collector-api.ts';
import { post } from '../api/call.ts';
import { useLoaded } from '../api/loaded.ts';
import { Level } from '../parts/outcome.tsx';
import { Allowed, Awaited } from '../parts/states.tsx';
import { link } from '../route/route.ts';
import { timeRange } from '../route/time-range.ts';
import { may } from '../sign-in/session.ts';
import { ago, whole } from '../text/format.ts';
import { t } from '../text/index.ts';

const SHOWN = 6;

export function OpenAlerts() {
  const texts = t().overview;
  const has = may('alerts/get');
  const loaded = useLoaded(has ? String(timeRange.value.to) : undefined, (signal) =>
    post('/alerts', { limit: SHOWN }, alertsAnswerSchema, signal),
  );
  return (
    <section class="panel">
      <header class="panel-head">
        <h2>{texts.openAlerts}</h2>
        <a href={link('/alerts')}>
          {texts.allAlerts} {loaded.value !== undefined && <b>{whole(loaded.value.total)}</b>}
        </a>
      </header>
      <Allowed right="alerts/get" has={has}>
        <Awaited loaded={loaded}>
          {({ alerts }) =>
            alerts.length === 0 ? (
              <p class="muted pad">{texts.noAlerts}</p>
            ) : (
              <ul class="alert-lines">
                {alerts.map((alert) => (
                  <li key={alert.id}>
                    <a href={link('/alerts', { id: alert.id })} data-row>
                      <Level level={alert.level} />
                      <span class="ellipsis">{alert.summary}</span>
                      <time class="muted" dateTime={new Date(alert.lastAt).toISOString()}>
                        {ago(alert.lastAt)}
                      </time>
                    </a>
                  </li>
                ))}
              </ul>
            )
          }
        </Awaited>
      </Allowed>
    </section>
  );
}
