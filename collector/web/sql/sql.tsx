import { useState } from 'preact/hooks';
import { type QueryAnswer, queryAnswerSchema } from '../../../contract/collector-api.ts';
import { EVENT_FIELD_LIST } from '../../../contract/event-fields.ts';
import { post } from '../api/call.ts';
import { useLoaded } from '../api/loaded.ts';
import { saveFile } from '../parts/save-file.ts';
import { Allowed, Awaited, Empty } from '../parts/states.tsx';
import { route, setQuery } from '../route/route.ts';
import { may } from '../sign-in/session.ts';
import { whole } from '../text/format.ts';
import { t } from '../text/index.ts';
import { csv, inWords } from './result-text.ts';

const EXAMPLES = {
  slow: `SELECT time, "user", database, duration_ns / 1e6 AS millis, template
FROM events
WHERE action = 'db.query' AND duration_ns > 1000000000
ORDER BY duration_ns DESC
LIMIT 50`,
  failed: `SELECT error_code, count(*) AS failures, min(time) AS first, max(time) AS last
FROM events
WHERE outcome = 'failure'
GROUP BY error_code
ORDER BY failures DESC`,
  tables: `SELECT "user", client_owner, count(*) AS statements, sum(returned_rows) AS rows
FROM events
WHERE list_contains(tables, 'orders')
GROUP BY ALL
ORDER BY statements DESC`,
} as const;
/** More rows than a table is read to; the collector says whether there are more. */
const MOST_ROWS = 1000;

/** For questions that no other view answers. The query is in the address; it runs when it is opened by a link too. */
export function Sql() {
  const texts = t().sql;
  const asked = route.value.query.get('sql') ?? '';
  const [draft, setDraft] = useState(asked || EXAMPLES.slow);
  const [runs, setRuns] = useState(0);
  const has = may('auditevents/query');
  const loaded = useLoaded(asked === '' || !has ? undefined : `${runs} ${asked}`, (signal) =>
    post('/query', { sql: asked, limit: MOST_ROWS }, queryAnswerSchema, signal),
  );
  const run = () => {
    setQuery({ sql: draft });
    setRuns(runs + 1);
  };
  return (
    <Allowed right="auditevents/query" has={has}>
      <form
        class="sql"
        onSubmit={(event) => {
          event.preventDefault();
          run();
        }}
      >
        <label>
          <span class="visually-hidden">{texts.label}</span>
          <textarea
            class="mono"
            rows={8}
            spellcheck={false}
            value={draft}
            onInput={(event) => setDraft(event.currentTarget.value)}
            onKeyDown={(event) => {
              if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
              event.preventDefault();
              run();
            }}
          />
        </label>
        <div class="result-bar">
          <button type="submit" class="button primary">
            {texts.run}
          </button>
          <span class="hint">{texts.hint}</span>
          <span class="spacer" />
          <label>
            <span class="visually-hidden">{texts.examples}</span>
            <select
              value=""
              onChange={({ currentTarget: { value } }) => {
                if (value === 'slow' || value === 'failed' || value === 'tables') setDraft(EXAMPLES[value]);
              }}
            >
              <option value="">{texts.examples}</option>
              <option value="slow">{texts.exampleNames.slow}</option>
              <option value="failed">{texts.exampleNames.failed}</option>
              <option value="tables">{texts.exampleNames.tables}</option>
            </select>
          </label>
        </div>
        <details class="syntax">
          <summary>{texts.columns}</summary>
          <dl class="sql-columns">
            {EVENT_FIELD_LIST.map(({ column, name, type, meaning }) => (
              <div key={column}>
                <dt class="mono" title={name}>
                  {column} <span class="muted">{type}</span>
                </dt>
                <dd lang="en">{meaning}</dd>
              </div>
            ))}
          </dl>
        </details>
      </form>
      {asked !== '' && <Awaited loaded={loaded}>{(answer) => <Result answer={answer} />}</Awaited>}
    </Allowed>
  );
}

function Result({ answer }: { readonly answer: QueryAnswer }) {
  const texts = t().sql;
  if (answer.rows.length === 0) return <Empty title={texts.none} />;
  return (
    <section class="panel">
      <header class="panel-head">
        <h2>{texts.rows(answer.rows.length, whole(answer.rows.length))}</h2>
        <button
          type="button"
          class="button small"
          onClick={() => saveFile('dbaudit-query.csv', new Blob([csv(answer)], { type: 'text/csv' }))}
        >
          {texts.csv}
        </button>
      </header>
      {answer.truncated && <p class="note warning">{texts.truncated}</p>}
      <div class="table-scroll" tabIndex={0} role="region" aria-label={texts.label}>
        <table class="rows">
          <thead>
            <tr>
              {answer.columns.map(({ name, type }) => (
                <th key={name} scope="col" title={type}>
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {answer.rows.map((row, index) => (
              <tr key={index}>
                {row.map((value, column) => (
                  <td key={answer.columns[column]?.name} class={typeof value === 'number' ? 'number' : 'mono'}>
                    {value === null ? <i class="muted">{texts.nullValue}</i> : inWords(value)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
