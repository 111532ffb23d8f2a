import type { ComponentChildren } from 'preact';
import type { TopAnswer } from '../../../contract/collector-api.ts';
import type { Filter } from '../../../contract/filter.ts';
import { useLoaded } from '../api/loaded.ts';
import { top } from '../api/questions.ts';
import { Statement } from '../event/statement.tsx';
import { partyName } from '../event/words.ts';
import { Awaited } from '../parts/states.tsx';
import { link } from '../route/route.ts';
import type { TimeRange } from '../route/time-range.ts';
import { condition } from '../search/search-language.ts';
import { compact, duration, whole } from '../text/format.ts';
import { t } from '../text/index.ts';

type Row = TopAnswer['rows'][number];
type Measure = 'events' | 'duration';

interface OfStatements {
  readonly range: TimeRange;
  readonly filter: Filter;
}

interface TopListProps extends OfStatements {
  readonly title: string;
  readonly fields: readonly string[];
  readonly name: (values: readonly string[]) => ComponentChildren;
  readonly measure?: Measure;
}

const ROWS = 8;

export function TopTables(props: OfStatements) {
  const { topTables, noTable } = t().overview;
  return (
    <TopList
      {...props}
      title={topTables}
      fields={['dbaudit.statement.tables']}
      name={([table = '']) => named(table, noTable)}
    />
  );
}

export function TopUsers(props: OfStatements) {
  const { topUsers, noUser } = t().overview;
  return <TopList {...props} title={topUsers} fields={['user.name']} name={([user = '']) => named(user, noUser)} />;
}

export function TopClients(props: OfStatements) {
  return (
    <TopList
      {...props}
      title={t().overview.topClients}
      fields={['dbaudit.client.k8s.kind', 'dbaudit.client.k8s.namespace', 'dbaudit.client.k8s.owner.name']}
      name={([kind = '', namespace = '', owner = '']) =>
        named(owner && partyName(kind, namespace, owner), partyName(kind, namespace, owner))
      }
    />
  );
}

export function TopStatements(props: OfStatements) {
  return (
    <TopList
      {...props}
      title={t().overview.topStatements}
      fields={['dbaudit.statement.fingerprint', 'dbaudit.statement.template']}
      measure="duration"
      name={([, template = '']) => <Statement text={template} />}
    />
  );
}

function named(value: string, otherwise: string): ComponentChildren {
  return value === '' ? <span class="nameless">{otherwise}</span> : value;
}

/** The most frequent values, or those that took the longest, each a link to its events. */
function TopList({ title, range, filter, fields, name, measure = 'events' }: TopListProps) {
  const texts = t().overview;
  const loaded = useLoaded(JSON.stringify([range, fields]), (signal) =>
    top({ range, filter, fields: [...fields], measure, limit: ROWS }, signal),
  );
  return (
    <section class={measure === 'duration' ? 'panel wide' : 'panel'}>
      <header class="panel-head">
        <h2>{title}</h2>
        {loaded.value !== undefined && <span class="hint">{texts.distinct(whole(loaded.value.distinct))}</span>}
      </header>
      <Awaited loaded={loaded}>
        {({ rows }) =>
          rows.length === 0 ? (
            <p class="muted pad">{texts.noRows}</p>
          ) : (
            <TopTable {...{ rows, fields, name, measure }} />
          )
        }
      </Awaited>
    </section>
  );
}

function TopTable(props: {
  readonly rows: readonly Row[];
  readonly fields: readonly string[];
  readonly name: TopListProps['name'];
  readonly measure: Measure;
}) {
  const texts = t().overview;
  const { rows, fields, name, measure } = props;
  const most = Math.max(...rows.map(({ count }) => count), 1);
  return (
    <table class="ranking">
      <thead>
        <tr>
          <th scope="col">{texts.name}</th>
          <th scope="col" class="number">
            {texts.count}
          </th>
          <th scope="col" class="number">
            {texts.failed}
          </th>
          <th scope="col" class="number">
            {measure === 'duration' ? texts.total : texts.mean}
          </th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={row.values.join('\n')}>
            <th scope="row">
              <a href={link('/search', { q: queryOf(fields, row.values) })} data-row title={row.values.join(' ')}>
                {name(row.values)}
              </a>
              <span class="share" style={{ width: `${(100 * row.count) / most}%` }} aria-hidden="true" />
            </th>
            <td class="number" title={whole(row.events)}>
              {compact(row.events)}
            </td>
            <td class={row.errors > 0 ? 'number danger' : 'number muted'}>{compact(row.errors)}</td>
            <td class="number">
              {duration(measure === 'duration' ? row.duration : row.duration / Math.max(row.events, 1))}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** A statement is found by its fingerprint alone. */
function queryOf(fields: readonly string[], values: readonly string[]): string {
  const asked = fields[0] === 'dbaudit.statement.fingerprint' ? fields.slice(0, 1) : fields;
  return asked.map((field, index) => condition(field, values[index] ?? '')).join(' ');
}
