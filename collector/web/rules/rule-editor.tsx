import { useRef, useState } from 'preact/hooks';
import type { Problem } from '../api/call.ts';
import { asProblem } from '../api/loaded.ts';
import { ProblemNote } from '../parts/states.tsx';
import { go, link } from '../route/route.ts';
import { t } from '../text/index.ts';
import { keepRule } from './rule-change.ts';
import { RuleTest } from './rule-test.tsx';

interface RuleEditorProps {
  readonly source: string;
  readonly onSaved: () => void;
}

/** A custom rule's source, with the collector's word on what is wrong beside the line it is in. */
export function RuleEditor({ source, onSaved }: RuleEditorProps) {
  const texts = t().rules;
  const [draft, setDraft] = useState(source);
  const [working, setWorking] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const numbers = useRef<HTMLPreElement>(null);
  const wrong = lineOf(problem?.message);
  const lines = draft.split('\n');

  async function save(): Promise<void> {
    setWorking(true);
    setProblem(undefined);
    try {
      const { id } = await keepRule(draft);
      onSaved();
      go(link('/rules', { id }));
    } catch (error) {
      setProblem(asProblem(error));
    }
    setWorking(false);
  }

  return (
    <article class="rule">
      <p>
        <a href={link('/rules')}>← {texts.all}</a>
      </p>
      <div class="editor">
        <pre ref={numbers} class="line-numbers" aria-hidden="true">
          {lines.map((_, index) => (
            <span key={index} class={index + 1 === wrong ? 'wrong' : ''}>
              {index + 1}
              {'\n'}
            </span>
          ))}
        </pre>
        <textarea
          class="mono"
          aria-label={texts.source}
          aria-invalid={problem !== undefined}
          spellcheck={false}
          rows={Math.max(16, lines.length + 1)}
          value={draft}
          onInput={(event) => setDraft(event.currentTarget.value)}
          onScroll={(event) => {
            if (numbers.current !== null) numbers.current.scrollTop = event.currentTarget.scrollTop;
          }}
        />
      </div>
      {wrong !== undefined && lines[wrong - 1] !== undefined && (
        <pre class="wrong-line">
          {wrong}: {lines[wrong - 1]}
        </pre>
      )}
      {problem !== undefined && <ProblemNote problem={problem} />}
      <div class="actions">
        <button type="button" class="button primary" disabled={working} onClick={save}>
          {working ? texts.saving : texts.save}
        </button>
        <a class="button" href={link('/rules')}>
          {t().cancel}
        </a>
      </div>
      <RuleTest question={{ source: draft }} />
    </article>
  );
}

/** The line that the collector's words name, if they do. */
function lineOf(message: string | undefined): number | undefined {
  const found = /\bline (\d+)/i.exec(message ?? '')?.[1];
  return found === undefined ? undefined : Number(found);
}
