import { useEffect, useId, useState } from 'preact/hooks';
import { Icon } from '../parts/icon.tsx';
import { setQuery } from '../route/route.ts';
import { refresh } from '../route/time-range.ts';
import { t } from '../text/index.ts';
import type { ReadQuery } from './search-language.ts';

interface SearchBoxProps {
  readonly text: string;
  readonly problem: ReadQuery['problem'];
  /** What the button says. */
  readonly action?: string;
}

/** What is searched for, in the language of contract/search-text.ts, with the place of a mistake under it. */
export function SearchBox({ text, problem, action = t().search.submit }: SearchBoxProps) {
  const texts = t().search;
  const [draft, setDraft] = useState(text);
  const help = useId();
  useEffect(() => setDraft(text), [text]);
  return (
    <form
      class="search-box"
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        refresh();
        setQuery({ q: draft.trim(), event: undefined, at: undefined });
      }}
    >
      <div class="search-line">
        <label class="search-field">
          <span class="visually-hidden">{texts.label}</span>
          <Icon name="search" />
          <input
            type="search"
            class="mono"
            value={draft}
            placeholder={texts.placeholder}
            spellcheck={false}
            autocapitalize="off"
            aria-invalid={problem !== undefined}
            aria-describedby={help}
            onInput={(event) => setDraft(event.currentTarget.value)}
          />
        </label>
        <button type="submit" class="button primary">
          {action}
        </button>
      </div>
      <div id={help}>
        {problem !== undefined && (
          <div class="syntax-problem" role="alert">
            <pre aria-hidden="true">
              {text}
              {'\n'}
              {' '.repeat(problem.at)}^
            </pre>
            <p class="field-error">
              {problem.message} ({texts.column(String(problem.at + 1))})
            </p>
          </div>
        )}
      </div>
      <details class="syntax">
        <summary>{texts.syntax}</summary>
        <dl>
          {texts.examples.map(([example, meaning]) => (
            <div key={example}>
              <dt>
                <button type="button" class="text-button mono" onClick={() => setDraft(`${draft} ${example}`.trim())}>
                  {example}
                </button>
              </dt>
              <dd>{meaning}</dd>
            </div>
          ))}
        </dl>
      </details>
    </form>
  );
}
