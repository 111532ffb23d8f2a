import { useRef, useState } from 'preact/hooks';
import { Icon } from '../parts/icon.tsx';
import { choosePreset, chooseRange, isPreset, PRESETS, preset, refresh, timeRange } from '../route/time-range.ts';
import { shortDateTime } from '../text/format.ts';
import { t } from '../text/index.ts';

/** Which time the view speaks of: presets back from now, or any two moments. */
export function RangePicker() {
  const texts = t().range;
  const [custom, setCustom] = useState(false);
  const { from, to } = timeRange.value;
  const label = `${shortDateTime(from)} – ${shortDateTime(to)}`;
  return (
    <div class="range-picker">
      <label>
        <span class="visually-hidden">{texts.label}</span>
        <select
          value={preset.value ?? 'custom'}
          title={label}
          onChange={(event) => {
            const { value } = event.currentTarget;
            setCustom(value === 'custom');
            if (isPreset(value)) choosePreset(value);
          }}
        >
          {Object.keys(PRESETS)
            .filter(isPreset)
            .map((name) => (
              <option key={name} value={name}>
                {texts.presets[name]}
              </option>
            ))}
          <option value="custom">{preset.value === undefined ? label : texts.custom}</option>
        </select>
      </label>
      {preset.value === undefined && !custom && (
        <button type="button" class="button" onClick={() => setCustom(true)}>
          {texts.custom}
        </button>
      )}
      <button type="button" class="icon-button framed" aria-label={t().refresh} title={t().refresh} onClick={refresh}>
        <Icon name="refresh" />
      </button>
      {custom && <CustomRange close={() => setCustom(false)} />}
    </div>
  );
}

function CustomRange({ close }: { readonly close: () => void }) {
  const texts = t().range;
  const [invalid, setInvalid] = useState(false);
  const from = useRef<HTMLInputElement>(null);
  const to = useRef<HTMLInputElement>(null);
  return (
    <form
      class="popover"
      onSubmit={(event) => {
        event.preventDefault();
        const range = { from: millis(from.current), to: millis(to.current) };
        const valid = range.from < range.to;
        setInvalid(!valid);
        if (!valid) return;
        chooseRange(range);
        close();
      }}
      onKeyDown={(event) => {
        if (event.key === 'Escape') close();
      }}
    >
      <label class="field">
        <span>{texts.from}</span>
        <input ref={from} type="datetime-local" step="1" required value={localInput(timeRange.value.from)} />
      </label>
      <label class="field">
        <span>{texts.to}</span>
        <input ref={to} type="datetime-local" step="1" required value={localInput(timeRange.value.to)} />
      </label>
      {invalid && (
        <p class="field-error" role="alert">
          {texts.invalid}
        </p>
      )}
      <p class="hint">{texts.local(Intl.DateTimeFormat().resolvedOptions().timeZone)}</p>
      <div class="actions">
        <button type="submit" class="button primary">
          {texts.apply}
        </button>
        <button type="button" class="button" onClick={close}>
          {t().cancel}
        </button>
      </div>
    </form>
  );
}

function millis(input: HTMLInputElement | null): number {
  return input === null ? Number.NaN : new Date(input.value).getTime();
}

/** As `datetime-local` has it: the reader's clock, no zone. */
function localInput(time: number): string {
  const shifted = new Date(time - new Date(time).getTimezoneOffset() * 60_000);
  return shifted.toISOString().slice(0, 19);
}
