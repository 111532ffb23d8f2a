import { useLoaded } from '../api/loaded.ts';
import { top } from '../api/questions.ts';
import { LOSSES } from '../event/words.ts';
import { Icon } from '../parts/icon.tsx';
import { Awaited } from '../parts/states.tsx';
import { link } from '../route/route.ts';
import type { TimeRange } from '../route/time-range.ts';
import { condition } from '../search/search-language.ts';
import { whole } from '../text/format.ts';
import { t } from '../text/index.ts';

const LOSS_KINDS = ['db.gap', 'db.session.undecodable', 'db.session.midstream', 'dbaudit.agent.overload'] as const;
/** Reasons are few words each; more than this many kinds and reasons do not occur. */
const MOST_REASONS = 50;

/** What was not seen in this time, by kind and reason; said in words also when it is nothing. */
export function Coverage({ range }: { readonly range: TimeRange }) {
  const texts = t().overview;
  const loaded = useLoaded(JSON.stringify(range), (signal) =>
    top(
      {
        range,
        filter: { kind: 'is', field: 'event.action', values: LOSSES },
        fields: ['event.action', 'event.reason'],
        limit: MOST_REASONS,
      },
      signal,
    ),
  );
  return (
    <section class="panel">
      <header class="panel-head">
        <h2>{texts.coverage}</h2>
      </header>
      <Awaited loaded={loaded}>
        {({ rows }) =>
          rows.length === 0 ? (
            <div class="pad">
              <p class="note-title good">
                <Icon name="integrity" /> {texts.complete}
              </p>
              <p class="muted">{texts.completeHelp}</p>
            </div>
          ) : (
            <div class="losses">
              <p class="note-title warn pad">
                <Icon name="gap" /> {texts.incomplete(sumOf(rows), whole(sumOf(rows)))}
              </p>
              {LOSS_KINDS.map((kind) => {
                const ofKind = rows.filter(({ values }) => values[0] === kind);
                if (ofKind.length === 0) return null;
                return (
                  <dl key={kind} class="loss">
                    <dt>
                      <a href={link('/search', { q: condition('event.action', kind) })} data-row>
                        {texts.lossKinds[kind]}
                      </a>
                      <span class="number">{whole(sumOf(ofKind))}</span>
                    </dt>
                    {ofKind.map(({ values: [, reason = ''], events }) => (
                      <dd key={reason}>
                        <span class="mono">{reason === '' ? t().search.absent : reason}</span>
                        <span class="number">{whole(events)}</span>
                      </dd>
                    ))}
                  </dl>
                );
              })}
            </div>
          )
        }
      </Awaited>
    </section>
  );
}

function sumOf(rows: readonly { readonly events: number }[]): number {
  return rows.reduce((sum, { events }) => sum + events, 0);
}
