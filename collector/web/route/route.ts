import { signal } from '@preact/signals';

/** Where the reader is. All of a view's state is here, so that a link shows others the same. */
export interface Route {
  /** `/alerts/a1` is `['alerts', 'a1']`; the overview is `[]`. */
  readonly path: readonly string[];
  readonly query: URLSearchParams;
}

export const route = signal<Route>(present());

/** What every view shares; kept from one view to the next. */
const SHARED = ['range', 'from', 'to'];

type Changes = Readonly<Record<string, string | undefined>>;

/** An address of this page with the shared state of the present one. */
export function link(path: string, query: Changes = {}): string {
  const kept = new URLSearchParams();
  for (const name of SHARED) {
    const value = route.value.query.get(name);
    if (value !== null) kept.set(name, value);
  }
  apply(kept, query);
  return address(path, kept);
}

export function go(href: string): void {
  history.pushState(undefined, '', href);
  route.value = present();
  scrollTo(0, 0);
}

/** Changes the present view's state. `replace`: without a step to go back to, for what changes with every key. */
export function setQuery(changes: Changes, replace = false): void {
  const query = new URLSearchParams(location.search);
  apply(query, changes);
  const href = address(location.pathname, query);
  if (href === location.pathname + location.search) return;
  if (replace) history.replaceState(undefined, '', href);
  else history.pushState(undefined, '', href);
  route.value = present();
}

/** Closes the event beside a list. Whether there was one. */
export function closeDetail(): boolean {
  const open = route.value.query.has('event');
  setQuery({ event: undefined });
  return open;
}

/** Follows links within the page without loading it anew. */
export function followLinks(): void {
  addEventListener('popstate', () => {
    route.value = present();
  });
  document.addEventListener('click', (event) => {
    if (event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const anchor = event.target instanceof Element ? event.target.closest('a') : null;
    if (anchor === null || anchor.target !== '' || anchor.hasAttribute('download')) return;
    if (anchor.origin !== location.origin || anchor.pathname.startsWith('/api/')) return;
    if (anchor.getAttribute('href')?.startsWith('#') === true) return;
    event.preventDefault();
    go(anchor.pathname + anchor.search);
  });
}

function present(): Route {
  return {
    path: location.pathname
      .split('/')
      .filter((step) => step !== '')
      .map(decode),
    query: new URLSearchParams(location.search),
  };
}

/** A path with a stray `%` is a path all the same. */
function decode(step: string): string {
  try {
    return decodeURIComponent(step);
  } catch {
    return step;
  }
}

function apply(query: URLSearchParams, changes: Changes): void {
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined || value === '') query.delete(name);
    else query.set(name, value);
  }
}

function address(path: string, query: URLSearchParams): string {
  const text = query.toString();
  return text === '' ? path : `${path}?${text}`;
}
