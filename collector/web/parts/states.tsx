import type { ComponentChildren } from 'preact';
import type { Problem } from '../api/call.ts';
import type { Loaded } from '../api/loaded.ts';
import { t } from '../text/index.ts';
import { Icon } from './icon.tsx';

/** What went wrong and what helps, in the collector's own words where it gave some. */
export function ProblemNote({ problem, retry }: { readonly problem: Problem; readonly retry?: () => void }) {
  const texts = t().states;
  const unreachable = problem.status === 0;
  const misunderstood = problem.status === -1;
  const help = unreachable ? texts.unreachableHelp : problem.help;
  return (
    <div class="note problem" role="alert">
      <Icon name="alerts" />
      <div>
        <p class="note-title">{unreachable ? texts.unreachable : misunderstood ? texts.unexpected : problem.message}</p>
        {help !== undefined && <p>{help}</p>}
        {misunderstood && <pre class="detail">{problem.message.slice(0, LONGEST_DETAIL)}</pre>}
        {problem.code !== undefined && <p class="muted mono">{problem.code}</p>}
        {retry !== undefined && (
          <button type="button" class="button small" onClick={retry}>
            {texts.retry}
          </button>
        )}
      </div>
    </div>
  );
}

/** Enough to say which field was not understood. */
const LONGEST_DETAIL = 600;

export function Loading() {
  return (
    <div class="loading" role="status">
      <span class="spinner" aria-hidden="true" />
      {t().states.loading}
    </div>
  );
}

export function Empty({ title, children }: { readonly title: string; readonly children?: ComponentChildren }) {
  return (
    <div class="empty">
      <p class="note-title">{title}</p>
      {children}
    </div>
  );
}

/** The answer once it is there; until then, that it is awaited or why there is none. */
export function Awaited<T>(props: { readonly loaded: Loaded<T>; readonly children: (value: T) => ComponentChildren }) {
  const { value, state, problem, reload } = props.loaded;
  if (problem !== undefined) return <ProblemNote problem={problem} retry={reload} />;
  if (value === undefined) return <Loading />;
  return (
    <div class="awaited" aria-busy={state === 'loading'}>
      {props.children(value)}
    </div>
  );
}

/** A button that only some may press; the others learn which right is missing. */
export function Allowed(props: {
  readonly right: string;
  readonly has: boolean;
  readonly children: ComponentChildren;
}) {
  if (props.has) return <>{props.children}</>;
  return (
    <p class="hint">
      <Icon name="lock" /> {t().states.mayNot(props.right)}
    </p>
  );
}
