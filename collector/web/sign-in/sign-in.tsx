import { useState } from 'preact/hooks';
import { API_PATH, signInAnswerSchema } from '../../../contract/collector-api.ts';
import { get, type Problem, send } from '../api/call.ts';
import { asProblem, useLoaded } from '../api/loaded.ts';
import { Preferences } from '../frame/preferences.tsx';
import { Mark } from '../parts/icon.tsx';
import { ProblemNote } from '../parts/states.tsx';
import { t } from '../text/index.ts';
import { askWho } from './session.ts';

const TOKEN_COMMAND = 'kubectl create token NAME -n NAMESPACE --duration=1h';
const UI_COMMAND = 'kubectl dbaudit ui';

/** Instead of a view, while nobody is known. The address stays, so that a shared link works after signing in. */
export function SignIn() {
  const texts = t().signIn;
  const ways = useLoaded('ways', (signal) => get('/sign-in', signInAnswerSchema, signal));
  const [token, setToken] = useState('');
  const [working, setWorking] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const [empty, setEmpty] = useState(false);
  const { cluster, oidc } = ways.value ?? {};

  async function submit(event: Event): Promise<void> {
    event.preventDefault();
    setProblem(undefined);
    setEmpty(token.trim() === '');
    if (token.trim() === '') return;
    setWorking(true);
    try {
      await send('POST', '/sign-in', { token: token.trim() });
      await askWho();
    } catch (error) {
      setProblem(asProblem(error));
      setWorking(false);
    }
  }

  return (
    <main class="sign-in">
      <div class="sign-in-card">
        <header class="sign-in-head">
          <Mark />
          <h1>{texts.title}</h1>
        </header>
        <p class="muted">{cluster === undefined ? texts.intro : texts.introOf(cluster)}</p>
        <form onSubmit={submit} noValidate>
          <label class="field">
            <span>{texts.token}</span>
            <input
              type="password"
              class="mono"
              autocomplete="off"
              spellcheck={false}
              value={token}
              aria-invalid={empty}
              aria-describedby="token-help"
              onInput={(event) => setToken(event.currentTarget.value)}
            />
          </label>
          {empty && <p class="field-error">{texts.empty}</p>}
          <p id="token-help" class="hint">
            {texts.tokenHelp} <code class="command">{TOKEN_COMMAND}</code>
          </p>
          {problem !== undefined && <ProblemNote problem={problem} />}
          <button type="submit" class="button primary wide" disabled={working}>
            {working ? texts.working : texts.submit}
          </button>
        </form>
        {oidc !== undefined && (
          <>
            <p class="or">
              <span>{texts.or}</span>
            </p>
            <a class="button wide" href={`${API_PATH}/sign-in/oidc?return=${encodeURIComponent(here())}`}>
              {texts.oidc(oidc)}
            </a>
          </>
        )}
        <p class="hint">
          {texts.easier} <code class="command">{UI_COMMAND}</code>
        </p>
        <p class="hint">{texts.cookie}</p>
      </div>
      <Preferences />
    </main>
  );
}

function here(): string {
  return location.pathname + location.search;
}
