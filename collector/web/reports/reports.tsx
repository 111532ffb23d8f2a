import { useState } from 'preact/hooks';
import type * as z from 'zod';
import { API_PATH, reportSchema, reportsAnswerSchema } from '../../../contract/collector-api.ts';
import { get, type Problem, post } from '../api/call.ts';
import { asProblem, useLoaded } from '../api/loaded.ts';
import { Allowed, Awaited, Empty, ProblemNote } from '../parts/states.tsx';
import { timeRange } from '../route/time-range.ts';
import { LANGUAGES, language } from '../settings/language.ts';
import { may } from '../sign-in/session.ts';
import { dateTime, shortDateTime } from '../text/format.ts';
import { t } from '../text/index.ts';

type ReportsAnswer = z.infer<typeof reportsAnswerSchema>;
const FORMATS = ['html', 'pdf', 'csv'] as const;

/** Makes reports over the chosen time and opens those that were made. */
export function Reports() {
  const has = may('reports/get');
  const loaded = useLoaded(has ? 'reports' : undefined, (signal) => get('/reports', reportsAnswerSchema, signal));
  return (
    <Allowed right="reports/get" has={has}>
      <Awaited loaded={loaded}>
        {(answer) => (
          <>
            <Allowed right="reports/create" has={may('reports/create')}>
              <NewReport kinds={answer.kinds} onMade={loaded.reload} />
            </Allowed>
            <ReportList reports={answer.reports} />
          </>
        )}
      </Awaited>
    </Allowed>
  );
}

function NewReport({ kinds, onMade }: { readonly kinds: ReportsAnswer['kinds']; readonly onMade: () => void }) {
  const texts = t().reports;
  const [kind, setKind] = useState(kinds[0]?.kind ?? '');
  const [wanted, setWanted] = useState(language.value);
  const [working, setWorking] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const range = timeRange.value;

  async function make(event: Event): Promise<void> {
    event.preventDefault();
    setWorking(true);
    setProblem(undefined);
    try {
      await post('/reports', { kind, range, language: wanted }, reportSchema);
      onMade();
    } catch (error) {
      setProblem(asProblem(error));
    }
    setWorking(false);
  }

  return (
    <section class="panel">
      <header class="panel-head">
        <h2>{texts.make}</h2>
        <span class="hint">
          {texts.rangeHint} {shortDateTime(range.from)} – {shortDateTime(range.to)}
        </span>
      </header>
      <form class="report-form pad" onSubmit={make}>
        <label class="field grow">
          <span>{texts.kind}</span>
          <select value={kind} onChange={(event) => setKind(event.currentTarget.value)}>
            {kinds.map(({ kind: name, title }) => (
              <option key={name} value={name}>
                {title}
              </option>
            ))}
          </select>
        </label>
        <label class="field">
          <span>{texts.language}</span>
          <select
            value={wanted}
            onChange={({ currentTarget: { value } }) =>
              setWanted(LANGUAGES.find((name) => name === value) ?? language.value)
            }
          >
            {LANGUAGES.map((name) => (
              <option key={name} value={name}>
                {texts.languages[name]}
              </option>
            ))}
          </select>
        </label>
        <button type="submit" class="button primary" disabled={working}>
          {working ? texts.making : texts.create}
        </button>
      </form>
      <p class="muted pad-x">{kinds.find(({ kind: name }) => name === kind)?.description}</p>
      {problem !== undefined && <ProblemNote problem={problem} />}
    </section>
  );
}

function ReportList({ reports }: { readonly reports: ReportsAnswer['reports'] }) {
  const texts = t().reports;
  if (reports.length === 0) return <Empty title={texts.none} />;
  return (
    <table class="list panel">
      <thead>
        <tr>
          <th scope="col">{texts.columns.title}</th>
          <th scope="col">{texts.columns.range}</th>
          <th scope="col" class="wide-only">
            {texts.columns.made}
          </th>
          <th scope="col" class="wide-only">
            {texts.columns.by}
          </th>
          <th scope="col">{texts.columns.open}</th>
        </tr>
      </thead>
      <tbody>
        {reports.map(({ id, title, range, madeAt, by, language: written }) => (
          <tr key={id}>
            <td class="grow" lang={written}>
              {title}
            </td>
            <td>
              {shortDateTime(range.from)} – {shortDateTime(range.to)}
            </td>
            <td class="wide-only">{dateTime(madeAt)}</td>
            <td class="mono wide-only">{by}</td>
            <td>
              <span class="actions">
                {FORMATS.map((format) => (
                  <a
                    key={format}
                    class="button small"
                    href={`${API_PATH}/reports/${encodeURIComponent(id)}.${format}`}
                    target="_blank"
                    rel="noopener"
                    aria-label={texts.openAs(title, texts.formats[format])}
                  >
                    {texts.formats[format]}
                  </a>
                ))}
              </span>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
