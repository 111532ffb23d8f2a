import { useState } from 'preact/hooks';
import type { RuleAnswer } from '../../../contract/collector-api.ts';
import type { Problem } from '../api/call.ts';
import { asProblem } from '../api/loaded.ts';
import { Dialog } from '../parts/dialog.tsx';
import { Level } from '../parts/outcome.tsx';
import { Empty, ProblemNote } from '../parts/states.tsx';
import { go, link } from '../route/route.ts';
import { may } from '../sign-in/session.ts';
import { t } from '../text/index.ts';
import { ModeSwitch } from './mode-switch.tsx';
import { changeMode, removeRule } from './rule-change.ts';
import { RuleEditor } from './rule-editor.tsx';
import { RuleTest } from './rule-test.tsx';

interface RuleDetailProps {
  /** Undefined: there is none. */
  readonly rule: RuleAnswer | undefined;
  readonly reload: () => void;
}

export function RuleDetail({ rule, reload }: RuleDetailProps) {
  const texts = t().rules;
  const [editing, setEditing] = useState(false);
  if (rule === undefined) return <Empty title={texts.missing} />;
  if (editing) return <RuleEditor source={rule.source} onSaved={reload} />;
  return (
    <article class="rule">
      <p>
        <a href={link('/rules')}>← {texts.all}</a>
      </p>
      <header class="alert-head">
        <Level level={rule.level} />
        <h2>{rule.title}</h2>
        <ModeSwitch rule={rule} onChange={(mode) => changeMode(rule.id, mode).then(reload)} />
        <span class="hint">{texts.modesHelp[rule.mode]}</span>
      </header>
      <p class="lead">{rule.description}</p>
      {rule.problem !== undefined && (
        <p class="note problem">
          {texts.problem}: {rule.problem}
        </p>
      )}
      <p class="muted">
        <span class="mono">{rule.id}</span> · {texts.rulesets[rule.ruleset]}
        {rule.tags.map((tag) => (
          <span key={tag} class="tag">
            {tag}
          </span>
        ))}
      </p>
      <RuleTest question={{ id: rule.id }} />
      <section class="panel">
        <header class="panel-head">
          <h2>{texts.source}</h2>
          {rule.ruleset === 'custom' && may('rules/update') && (
            <div class="actions">
              <button type="button" class="button small" onClick={() => setEditing(true)}>
                {texts.edit}
              </button>
              <RemoveButton rule={rule} reload={reload} />
            </div>
          )}
        </header>
        <pre class="source" tabIndex={0}>
          {rule.source}
        </pre>
      </section>
    </article>
  );
}

function RemoveButton({ rule, reload }: { readonly rule: RuleAnswer; readonly reload: () => void }) {
  const texts = t().rules;
  const [asking, setAsking] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  async function remove(): Promise<void> {
    try {
      await removeRule(rule.id);
      reload();
      go(link('/rules'));
    } catch (error) {
      setProblem(asProblem(error));
    }
  }
  return (
    <>
      <button type="button" class="button small" onClick={() => setAsking(true)}>
        {texts.remove}
      </button>
      {asking && (
        <Dialog title={texts.remove} onClose={() => setAsking(false)}>
          <p>{texts.removeSure(rule.title)}</p>
          {problem !== undefined && <ProblemNote problem={problem} />}
          <div class="actions">
            <button type="button" class="button primary" onClick={remove}>
              {texts.remove}
            </button>
            <button type="button" class="button" onClick={() => setAsking(false)}>
              {t().cancel}
            </button>
          </div>
        </Dialog>
      )}
    </>
  );
}
