import type { AlertLevel, AuditEvent } from '../../../contract/audit-event.ts';
import { t } from '../text/index.ts';

/** A sign of its own for each outcome, so that colour is not the only one. */
const SIGNS = { success: '✓', failure: '✕', unknown: '?' } as const;

export function Outcome({
  value,
  label = false,
}: {
  readonly value: AuditEvent['event']['outcome'];
  readonly label?: boolean;
}) {
  const name = t().outcomes[value];
  return (
    <span class={`outcome ${value}`} title={name}>
      <span aria-hidden="true">{SIGNS[value]}</span>
      <span class={label ? '' : 'visually-hidden'}>{label ? ` ${name}` : name}</span>
    </span>
  );
}

/** How many of five bars are filled. */
const HEIGHTS: Readonly<Record<AlertLevel, number>> = { informational: 1, low: 2, medium: 3, high: 4, critical: 5 };

export function Level({ level }: { readonly level: AlertLevel }) {
  return (
    <span class={`level ${level}`}>
      <svg viewBox="0 0 19 10" aria-hidden="true">
        {[1, 2, 3, 4, 5].map((bar) => (
          <rect
            key={bar}
            x={(bar - 1) * 4}
            y={10 - bar * 2}
            width="3"
            height={bar * 2}
            class={bar <= HEIGHTS[level] ? 'filled' : 'hollow'}
          />
        ))}
      </svg>
      {t().levels[level]}
    </span>
  );
}
