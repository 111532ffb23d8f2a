import { useState } from 'preact/hooks';
import type { Filter } from '../../../contract/filter.ts';
import { useLoaded } from '../api/loaded.ts';
import { top } from '../api/questions.ts';
import { Awaited } from '../parts/states.tsx';
import { setQuery } from '../route/route.ts';
import type { TimeRange } from '../route/time-range.ts';
import { compact, whole } from '../text/format.ts';
import { t } from '../text/index.ts';
import { isNarrow } from './event-list.tsx';
import { condition, withCondition } from './search-language.ts';

/** In the order of what readers narrow by; the first few are open. Each open one is a question of its own. */
const FACETS = [
  'event.action',
  'event.outcome',
  'user.name',
  'dbaudit.statement.tables',
  'db.namespace',
  'dbaudit.statement.class',
  'dbaudit.client.k8s.owner.name',
  'client.ip',
  'db.system.name',
  'kubernetes.namespace',
  'db.response.status_code',
  'dbaudit.session.program',
  'dbaudit.actor.name',
] as const;
type FacetField = (typeof FACETS)[number];
const OPEN_AT_FIRST = 4;
const VALUES = 8;

interface FacetsProps {
  readonly range: TimeRange;
  readonly filter: Filter;
  /** What the search box says; a value adds to it. */
  readonly text: string;
}

export function Facets(props: FacetsProps) {
  const texts = t().search;
  const list = FACETS.map((field, index) => (
    <Facet key={field} {...props} field={field} openAtFirst={!isNarrow.value && index < OPEN_AT_FIRST} />
  ));
  if (isNarrow.value) {
    return (
      <details class="facets">
        <summary>{texts.facets}</summary>
        {list}
      </details>
    );
  }
  return (
    <section class="facets" aria-label={texts.facets}>
      <h2>{texts.facets}</h2>
      {list}
    </section>
  );
}

function Facet(props: FacetsProps & { readonly field: FacetField; readonly openAtFirst: boolean }) {
  const { range, filter, text, field, openAtFirst } = props;
  const [open, setOpen] = useState(openAtFirst);
  return (
    <details class="facet" open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary title={field}>{t().fields[field]}</summary>
      {open && <FacetValues {...{ range, filter, text, field }} />}
    </details>
  );
}

function FacetValues({ range, filter, text, field }: FacetsProps & { readonly field: FacetField }) {
  const texts = t().search;
  const loaded = useLoaded(JSON.stringify([range, filter, field]), (signal) =>
    top({ range, filter, fields: [field], limit: VALUES }, signal),
  );
  const narrow = (value: string, wanted: boolean) =>
    setQuery({ q: withCondition(text, condition(field, value, wanted)), at: undefined, event: undefined });
  return (
    <Awaited loaded={loaded}>
      {({ rows, distinct }) => (
        <ul>
          {rows.map(({ values: [value = ''], events }) => (
            <li key={value}>
              <button type="button" class="facet-value" title={value} onClick={() => narrow(value, true)}>
                <span class="visually-hidden">{texts.showOnly} </span>
                <span class="ellipsis">{shown(field, value)}</span> <span class="number muted">{compact(events)}</span>
              </button>
              <button
                type="button"
                class="facet-not"
                aria-label={texts.remove(shown(field, value))}
                title={texts.remove(shown(field, value))}
                onClick={() => narrow(value, false)}
              >
                −
              </button>
            </li>
          ))}
          {distinct > rows.length && <li class="hint">{t().overview.distinct(whole(distinct))}</li>}
        </ul>
      )}
    </Awaited>
  );
}

function shown(field: FacetField, value: string): string {
  if (value === '') return t().search.absent;
  if (field === 'event.action') return Object.entries(t().actions).find(([name]) => name === value)?.[1] ?? value;
  if (field === 'event.outcome') return Object.entries(t().outcomes).find(([name]) => name === value)?.[1] ?? value;
  return value;
}
