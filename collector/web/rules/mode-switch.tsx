import { useState } from 'preact/hooks';
import type { RuleAnswer } from '../../../contract/collector-api.ts';
import type { Problem } from '../api/call.ts';
import { asProblem } from '../api/loaded.ts';
import { may } from '../sign-in/session.ts';
import { t } from '../text/index.ts';

const MODES = ['on', 'observe', 'off'] as const;

interface ModeSwitchProps {
  readonly rule: RuleAnswer;
  readonly onChange: (mode: RuleAnswer['mode']) => Promise<void>;
}

/** On, observe or off; in words for who may not change it. */
export function ModeSwitch({ rule, onChange }: ModeSwitchProps) {
  const texts = t().rules;
  const [problem, setProblem] = useState<Problem>();
  if (!may('rules/update')) return <span class={`mode ${rule.mode}`}>{texts.modes[rule.mode]}</span>;
  return (
    <>
      <select
        class={`mode ${rule.mode}`}
        aria-label={texts.mode(rule.title)}
        title={texts.modesHelp[rule.mode]}
        value={rule.mode}
        onChange={({ currentTarget: { value } }) => {
          const mode = MODES.find((name) => name === value);
          setProblem(undefined);
          if (mode !== undefined) onChange(mode).catch((error: unknown) => setProblem(asProblem(error)));
        }}
      >
        {MODES.map((mode) => (
          <option key={mode} value={mode}>
            {texts.modes[mode]}
          </option>
        ))}
      </select>
      {problem !== undefined && (
        <p class="field-error" role="alert">
          {problem.message}
        </p>
      )}
    </>
  );
}
