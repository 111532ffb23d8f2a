import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { Problem } from './api/call.ts';
import { asProblem } from './api/loaded.ts';
import { Shell } from './frame/shell.tsx';
import { Overview } from './overview/overview.tsx';
import { Empty, Loading, ProblemNote } from './parts/states.tsx';
import { link, route } from './route/route.ts';
import { Search } from './search/search.tsx';
import { askWho, session } from './sign-in/session.ts';
import { SignIn } from './sign-in/sign-in.tsx';
import './settings/theme.ts';
import { t } from './text/index.ts';

type View = ComponentType;

/** The first two views come with the page; the others are fetched when they are first opened. */
const LATER: Readonly<Record<string, () => Promise<View>>> = {
  session: async () => (await import('./session/transcript.tsx')).Transcript,
  tail: async () => (await import('./tail/tail.tsx')).Tail,
  map: async () => (await import('./map/access-map.tsx')).AccessMap,
  sql: async () => (await import('./sql/sql.tsx')).Sql,
  alerts: async () => (await import('./alerts/alerts.tsx')).Alerts,
  rules: async () => (await import('./rules/rules.tsx')).Rules,
  reports: async () => (await import('./reports/reports.tsx')).Reports,
  integrity: async () => (await import('./integrity/integrity.tsx')).Integrity,
  status: async () => (await import('./status/status.tsx')).Status,
};
const fetched = new Map<string, View>();

export function App() {
  useEffect(() => {
    void askWho();
  }, []);
  const { value } = session;
  switch (value.state) {
    case 'asking':
      return <Loading />;
    case 'unknown':
      return <SignIn />;
    case 'failed':
      return (
        <main class="sign-in">
          <ProblemNote problem={value.problem} retry={askWho} />
        </main>
      );
    case 'known':
      return (
        <Shell who={value.who}>
          <CurrentView name={route.value.path[0] ?? ''} />
        </Shell>
      );
  }
}

function CurrentView({ name }: { readonly name: string }) {
  if (name === '') return <Overview />;
  if (name === 'search') return <Search />;
  const load = Object.hasOwn(LATER, name) ? LATER[name] : undefined;
  if (load !== undefined) return <LaterView key={name} name={name} load={load} />;
  return (
    <Empty title={t().states.noSuchView}>
      <a href={link('/')}>{t().states.toOverview}</a>
    </Empty>
  );
}

function LaterView({ name, load }: { readonly name: string; readonly load: () => Promise<View> }) {
  const [, setHere] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const [attempt, setAttempt] = useState(0);
  // A view is fetched once, and again when somebody asks.
  useEffect(() => {
    if (fetched.has(name)) return;
    setProblem(undefined);
    load().then(
      (view) => {
        fetched.set(name, view);
        setHere(true);
      },
      (error: unknown) => setProblem(asProblem(error)),
    );
  }, [name, attempt]);
  const View = fetched.get(name);
  if (View !== undefined) return <View />;
  if (problem !== undefined) return <ProblemNote problem={problem} retry={() => setAttempt(attempt + 1)} />;
  return <Loading />;
}
