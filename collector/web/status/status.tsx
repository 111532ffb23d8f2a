import { type StatusAnswer, statusSchema } from '../../../contract/collector-api.ts';
import { get } from '../api/call.ts';
import { useLoaded } from '../api/loaded.ts';
import { Icon } from '../parts/icon.tsx';
import { Awaited } from '../parts/states.tsx';
import { ago, bytes, dateTime, whole } from '../text/format.ts';
import { t } from '../text/index.ts';

/** Whether the collector itself is well: what it keeps, what it takes in, and from whom. */
export function Status() {
  const loaded = useLoaded('status', (signal) => get('/status', statusSchema, signal));
  return (
    <>
      <div class="actions">
        <button type="button" class="button" onClick={loaded.reload}>
          <Icon name="refresh" /> {t().refresh}
        </button>
      </div>
      <Awaited loaded={loaded}>{(status) => <Parts status={status} />}</Awaited>
    </>
  );
}

function Parts({ status }: { readonly status: StatusAnswer }) {
  const texts = t().status;
  const { store, ingest, sources, identity, retention } = status;
  const problems = [
    store.problem,
    identity.synced ? undefined : texts.syncedNo,
    ...sources.map(({ name, problem }) => problem && `${name}: ${problem}`),
  ].filter((problem) => problem !== undefined);
  const kept = retention.bytes === undefined ? '' : ` · ${bytes(retention.bytes)}`;
  return (
    <>
      {problems.length === 0 ? (
        <p class="note good-note">
          <Icon name="integrity" /> {texts.healthy}
        </p>
      ) : (
        problems.map((problem) => (
          <p key={problem} class="note warning">
            <Icon name="alerts" /> {problem}
          </p>
        ))
      )}
      <div class="columns">
        <Part
          title={texts.store}
          facts={[
            [texts.kind, texts.kinds[store.kind]],
            [texts.events, whole(store.events)],
            [texts.size, bytes(store.bytes)],
            [texts.oldest, store.oldest === undefined ? texts.never : dateTime(store.oldest)],
            [texts.newest, store.newest === undefined ? texts.never : dateTime(store.newest)],
            [texts.partitions, whole(store.partitions)],
            [texts.encrypted, store.encrypted ? texts.yes : texts.no],
            [texts.retention, texts.days(whole(retention.days)) + kept],
          ]}
        />
        <Part
          title={texts.ingest}
          facts={[
            [texts.rate, texts.perSecond(whole(ingest.perSecond))],
            [texts.received, whole(ingest.received)],
            [texts.added, whole(ingest.added)],
            [texts.repeated, whole(ingest.repeated)],
            [texts.refused, whole(ingest.refused)],
          ]}
        />
        <Part
          title={texts.collector}
          facts={[
            [texts.version, status.version],
            [texts.since, `${dateTime(status.startedAt)} (${ago(status.startedAt)})`],
            [texts.synced, identity.synced ? texts.syncedYes : texts.syncedNo],
            [texts.pods, whole(identity.pods)],
          ]}
        />
      </div>
      <section class="panel">
        <header class="panel-head">
          <h2>{texts.sources}</h2>
        </header>
        {sources.length === 0 ? <p class="muted pad">{texts.noSources}</p> : <Sources sources={sources} />}
      </section>
    </>
  );
}

function Part(props: { readonly title: string; readonly facts: readonly (readonly [string, string])[] }) {
  return (
    <section class="panel">
      <header class="panel-head">
        <h2>{props.title}</h2>
      </header>
      <dl class="facts pad">
        {props.facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function Sources({ sources }: { readonly sources: StatusAnswer['sources'] }) {
  const { columns, ok, never } = t().status;
  return (
    <table class="list">
      <thead>
        <tr>
          <th scope="col">{columns.name}</th>
          <th scope="col" class="wide-only">
            {columns.kind}
          </th>
          <th scope="col" class="number">
            {columns.events}
          </th>
          <th scope="col">{columns.last}</th>
          <th scope="col">{columns.problem}</th>
        </tr>
      </thead>
      <tbody>
        {sources.map(({ name, kind, events, lastAt, problem }) => (
          <tr key={name}>
            <td class="mono">{name}</td>
            <td class="wide-only">{kind}</td>
            <td class="number">{whole(events)}</td>
            <td title={lastAt === undefined ? '' : dateTime(lastAt)}>{lastAt === undefined ? never : ago(lastAt)}</td>
            <td class={problem === undefined ? 'good' : 'danger'}>{problem ?? ok}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
