import { useState } from 'preact/hooks';
import { type AlertAnswer, silenceSchema } from '../../../contract/collector-api.ts';
import { type Problem, post } from '../api/call.ts';
import { asProblem } from '../api/loaded.ts';
import { Dialog } from '../parts/dialog.tsx';
import { ProblemNote } from '../parts/states.tsx';
import { t } from '../text/index.ts';

const HOURS = ['1', '4', '24', '168'] as const;
const HOUR_MILLIS = 3_600_000;

interface SilenceDialogProps {
  readonly alert: AlertAnswer;
  readonly onClose: (created: boolean) => void;
}

/** Silences alerts like this one, for a time and with a reason that is kept. */
export function SilenceDialog({ alert, onClose }: SilenceDialogProps) {
  const texts = t().silences;
  const [ruleOnly, setRuleOnly] = useState(true);
  const [fields, setFields] = useState<readonly string[]>(Object.keys(alert.group));
  const [hours, setHours] = useState<string>(HOURS[0]);
  const [reason, setReason] = useState('');
  const [missing, setMissing] = useState(false);
  const [problem, setProblem] = useState<Problem>();

  async function submit(event: Event): Promise<void> {
    event.preventDefault();
    setMissing(reason.trim() === '');
    if (reason.trim() === '') return;
    const group = Object.fromEntries(Object.entries(alert.group).filter(([field]) => fields.includes(field)));
    try {
      await post(
        '/silences',
        {
          ...(ruleOnly ? { rules: [alert.rule.id] } : {}),
          group,
          until: Date.now() + Number(hours) * HOUR_MILLIS,
          reason: reason.trim(),
        },
        silenceSchema,
      );
      onClose(true);
    } catch (error) {
      setProblem(asProblem(error));
    }
  }

  return (
    <Dialog title={texts.title} onClose={() => onClose(false)}>
      <form onSubmit={submit} noValidate>
        <p class="muted">{texts.intro}</p>
        <label class="check">
          <input type="checkbox" checked={ruleOnly} onChange={(event) => setRuleOnly(event.currentTarget.checked)} />
          {texts.rule}: <b>{alert.rule.title}</b>
        </label>
        {Object.entries(alert.group).map(([field, value]) => (
          <label key={field} class="check">
            <input
              type="checkbox"
              checked={fields.includes(field)}
              onChange={(event) =>
                setFields(
                  event.currentTarget.checked ? [...fields, field] : fields.filter((candidate) => candidate !== field),
                )
              }
            />
            {texts.group}{' '}
            <span class="mono">
              {field} = {value}
            </span>
          </label>
        ))}
        <label class="field">
          <span>{texts.until}</span>
          <select value={hours} onChange={(event) => setHours(event.currentTarget.value)}>
            {HOURS.map((name) => (
              <option key={name} value={name}>
                {texts.durations[name]}
              </option>
            ))}
          </select>
        </label>
        <label class="field">
          <span>{texts.reason}</span>
          <textarea
            rows={2}
            value={reason}
            aria-invalid={missing}
            onInput={(event) => setReason(event.currentTarget.value)}
          />
        </label>
        {missing && (
          <p class="field-error" role="alert">
            {texts.reasonMissing}
          </p>
        )}
        {problem !== undefined && <ProblemNote problem={problem} />}
        <div class="actions">
          <button type="submit" class="button primary">
            {texts.create}
          </button>
          <button type="button" class="button" onClick={() => onClose(false)}>
            {t().cancel}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
