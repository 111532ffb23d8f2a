import type { AlertAnswer } from '../../../contract/collector-api.ts';
import { dateTime } from '../text/format.ts';
import { t } from '../text/index.ts';

/** What was done about an alert, the newest last. */
export function AlertHistory({ history }: { readonly history: AlertAnswer['history'] }) {
  const words: Readonly<Record<string, string>> = t().alerts.what;
  return (
    <ol class="history">
      {history.map(({ at, what, who, text }) => (
        <li key={`${at} ${what}`}>
          <time class="muted" dateTime={new Date(at).toISOString()}>
            {dateTime(at)}
          </time>
          <span>
            <b>{Object.hasOwn(words, what) ? words[what] : what}</b>
            {who !== undefined && <span class="mono"> {who}</span>}
            {text !== undefined && <span class="quote">{text}</span>}
          </span>
        </li>
      ))}
    </ol>
  );
}
