import type { TopAnswer } from '../../../contract/collector-api.ts';
import type { Filter } from '../../../contract/filter.ts';
import { useLoaded } from '../api/loaded.ts';
import { top } from '../api/questions.ts';
import { STATEMENTS } from '../event/words.ts';
import { Awaited, Empty } from '../parts/states.tsx';
import { link } from '../route/route.ts';
import { timeRange } from '../route/time-range.ts';
import { condition } from '../search/search-language.ts';
import { compact, whole } from '../text/format.ts';
import { t } from '../text/index.ts';
import { accessMatrix, type Cell, CLASSES } from './access-matrix.ts';

const OF_STATEMENTS: Filter = { kind: 'is', field: 'event.action', values: STATEMENTS };
/** The client, the database and the class: as many fields as one question takes. */
export const MAP_FIELDS = [
  'dbaudit.client.k8s.kind',
  'dbaudit.client.k8s.namespace',
  'dbaudit.client.k8s.owner.name',
  'db.system.name',
  'db.namespace',
  'dbaudit.statement.class',
] as const;
/** What one question gives at most. */
const MOST_PAIRS = 1000;

/** Who talked to which database. Who has no name is said in words, in a row of its own. */
export function AccessMap() {
  const texts = t().map;
  const range = timeRange.value;
  const loaded = useLoaded(JSON.stringify(range), (signal) =>
    top({ range, filter: OF_STATEMENTS, fields: [...MAP_FIELDS], limit: MOST_PAIRS }, signal),
  );
  return (
    <div class="map">
      <p class="muted">{texts.intro}</p>
      <Awaited loaded={loaded}>
        {(answer) => (answer.rows.length === 0 ? <Empty title={texts.none} /> : <Matrix answer={answer} />)}
      </Awaited>
      <details class="syntax">
        <summary>{texts.unresolvedHelp}</summary>
        <dl>
          {texts.meanings.map(([word, meaning]) => (
            <div key={word}>
              <dt>{word}</dt>
              <dd>{meaning}</dd>
            </div>
          ))}
        </dl>
      </details>
    </div>
  );
}

function Matrix({ answer }: { readonly answer: TopAnswer }) {
  const texts = t().map;
  const { clients, databases, cell } = accessMatrix(answer.rows);
  return (
    <>
      {answer.distinct > answer.rows.length && <p class="note warning">{texts.truncated(whole(answer.rows.length))}</p>}
      <p class="legend">
        {CLASSES.map((name) => (
          <span key={name} class={`class-key ${name}`}>
            <span class="swatch" aria-hidden="true" /> {texts[name]}
          </span>
        ))}
      </p>
      <div class="matrix-scroll" tabIndex={0} role="region" aria-label={t().nav.map}>
        <table class="matrix">
          <thead>
            <tr>
              <th scope="col">
                {texts.client} ↓ {texts.server} →
              </th>
              {databases.map(({ key, name, system }) => (
                <th key={key} scope="col">
                  <span class="muted">{system}</span>
                  <br />
                  {name === '' ? t().search.absent : name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {clients.map((client) => (
              <tr key={client.key}>
                <th scope="row" class={client.nameless ? 'nameless' : ''}>
                  {client.name}
                </th>
                {databases.map((database) => {
                  const found = cell(client.key, database.key);
                  return (
                    <td key={database.key}>
                      {found === undefined ? (
                        <span class="muted" aria-hidden="true">
                          ·
                        </span>
                      ) : (
                        <a data-row href={link('/search', { q: queryOf([...client.values, ...database.values]) })}>
                          <span class="visually-hidden">
                            {client.name} → {database.name}{' '}
                          </span>
                          <b title={whole(found.total)}>{compact(found.total)}</b>
                          <Shares cell={found} />
                          <span class="cell-words">{inWords(found)}</span>
                        </a>
                      )}
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

function inWords({ counts }: Cell): string {
  const texts = t().map;
  return CLASSES.filter((name) => counts[name] > 0)
    .map((name) => `${texts[name]} ${compact(counts[name])}`)
    .join(', ');
}

function Shares({ cell: { counts, total } }: { readonly cell: Cell }) {
  return (
    <span class="shares" aria-hidden="true">
      {CLASSES.map((name) => (
        <span key={name} class={name} style={{ width: `${(100 * counts[name]) / total}%` }} />
      ))}
    </span>
  );
}

function queryOf(values: readonly string[]): string {
  return values.map((value, index) => condition(MAP_FIELDS[index] ?? '', value)).join(' ');
}
