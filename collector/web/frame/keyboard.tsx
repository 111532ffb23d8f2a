import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { Dialog } from '../parts/dialog.tsx';
import { closeDetail, go, link } from '../route/route.ts';
import { refresh } from '../route/time-range.ts';
import { t } from '../text/index.ts';
import { VIEWS } from './views.ts';

/** After `g`, the view's key has to come within this time, or it is a key of its own. */
const CHORD_MILLIS = 1500;

export const helpShown = signal(false);

/** Rows that j and k walk over carry this attribute; the one with the focus is the present one. */
const ROW = 'data-row';

/** Keys of the whole page; none of them acts while somebody writes, or within a dialog. */
export function useShortcuts(): void {
  useEffect(() => {
    let chordUntil = 0;
    function onKey(event: KeyboardEvent): void {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
      if (isWriting(event.target)) {
        if (event.key === 'Escape' && event.target instanceof HTMLElement) event.target.blur();
        return;
      }
      if (document.querySelector('dialog[open]') !== null) return;
      const view = event.timeStamp < chordUntil ? VIEWS.find(({ key }) => key === event.key) : undefined;
      chordUntil = event.key === 'g' ? event.timeStamp + CHORD_MILLIS : 0;
      if (view !== undefined) go(link(view.path));
      else if (!act(event.key)) return;
      event.preventDefault();
    }
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, []);
}

function act(key: string): boolean {
  switch (key) {
    case '/':
      return focusSearch();
    case '?':
      helpShown.value = true;
      return true;
    case 'j':
      return moveRow(1);
    case 'k':
      return moveRow(-1);
    case 'Escape':
      return closeDetail();
    case '.':
      refresh();
      return true;
    default:
      return false;
  }
}

/** To the search box of the view, or to the search. */
function focusSearch(): boolean {
  const box = document.querySelector<HTMLInputElement>('input[type=search]');
  if (box === null) go(link('/search'));
  else {
    box.focus();
    box.select();
  }
  return true;
}

function moveRow(step: 1 | -1): boolean {
  const rows = [...document.querySelectorAll<HTMLElement>(`[${ROW}]`)];
  if (rows.length === 0) return false;
  const active = document.activeElement;
  const at = active instanceof HTMLElement ? rows.indexOf(active) : -1;
  const next = rows[at < 0 ? 0 : Math.min(rows.length - 1, Math.max(0, at + step))];
  next?.focus();
  next?.scrollIntoView({ block: 'nearest' });
  return true;
}

function isWriting(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches('input, textarea, select, [contenteditable]');
}

export function ShortcutHelp() {
  const { keys, nav } = t();
  if (!helpShown.value) return null;
  return (
    <Dialog
      title={keys.title}
      onClose={() => {
        helpShown.value = false;
      }}
    >
      <dl class="keys">
        <Shortcut keys={['/']} what={keys.search} />
        <Shortcut keys={['j']} what={keys.next} />
        <Shortcut keys={['k']} what={keys.previous} />
        <Shortcut keys={['Enter']} what={keys.open} />
        <Shortcut keys={['Esc']} what={keys.escape} />
        <Shortcut keys={['.']} what={keys.refresh} />
        <Shortcut keys={['?']} what={keys.help} />
        {VIEWS.map(({ name, key }) => (
          <Shortcut key={name} keys={['g', key]} what={keys.goTo(nav[name])} />
        ))}
      </dl>
    </Dialog>
  );
}

function Shortcut(props: { readonly keys: readonly string[]; readonly what: string }) {
  return (
    <div>
      <dt>
        {props.keys.map((key) => (
          <kbd key={key}>{key}</kbd>
        ))}
      </dt>
      <dd>{props.what}</dd>
    </div>
  );
}
