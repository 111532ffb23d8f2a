import type { TotalsAnswer } from '../../../contract/collector-api.ts';
import { change, compact, whole } from '../text/format.ts';
import { t } from '../text/index.ts';

/** In the order of a reader's questions; for some, more is worse. */
const TILES = [
  { text: 'statements', measure: 'events', worse: false },
  { text: 'errors', measure: 'errors', worse: true },
  { text: 'slow', measure: 'slow', worse: true },
  { text: 'rows', measure: 'rows', worse: false },
  { text: 'affected', measure: 'affected', worse: false },
  { text: 'clients', measure: 'clients', worse: false },
  { text: 'sessions', measure: 'sessions', worse: false },
] as const;

/** How much, and against the time of equal length before. */
export function Tiles({ answer }: { readonly answer: TotalsAnswer }) {
  const texts = t().overview;
  return (
    <dl class="tiles">
      {TILES.map(({ text, measure, worse }) => {
        const now = answer.totals[measure] ?? 0;
        const before = answer.before?.[measure] ?? 0;
        return (
          <div key={measure} class="tile">
            <dt>{texts[text]}</dt>
            <dd>
              <span class="figure" title={whole(now)}>
                {compact(now)}
              </span>
              <Change now={now} before={before} worse={worse} />
            </dd>
          </div>
        );
      })}
    </dl>
  );
}

function Change({ now, before, worse }: { readonly now: number; readonly before: number; readonly worse: boolean }) {
  const texts = t().overview;
  const text = change(now, before);
  if (text === undefined) return <span class="change muted">{now === 0 ? texts.same : texts.noneBefore}</span>;
  const sign = now === before ? '' : now > before ? '▲ ' : '▼ ';
  return (
    <span class={worse && now > before ? 'change worse' : 'change muted'} title={texts.before(whole(before))}>
      <span aria-hidden="true">{sign}</span>
      {now === before ? texts.same : text}
    </span>
  );
}
