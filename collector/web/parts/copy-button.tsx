import { useState } from 'preact/hooks';
import { t } from '../text/index.ts';

/** Says `Copied` until it is pressed again or left. */
export function CopyButton({ text, label }: { readonly text: () => string; readonly label: string }) {
  const [copied, setCopied] = useState(false);
  return (
    <button
      type="button"
      class="button small"
      onBlur={() => setCopied(false)}
      onClick={() => {
        navigator.clipboard.writeText(text()).then(
          () => setCopied(true),
          () => setCopied(false),
        );
      }}
    >
      <span aria-live="polite">{copied ? t().copied : label}</span>
    </button>
  );
}
