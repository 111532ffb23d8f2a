import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { Whoami } from '../../../contract/collector-api.ts';
import { Icon, Mark } from '../parts/icon.tsx';
import { link, route } from '../route/route.ts';
import { t } from '../text/index.ts';
import { helpShown, ShortcutHelp, useShortcuts } from './keyboard.tsx';
import { Preferences } from './preferences.tsx';
import { RangePicker } from './range-picker.tsx';
import { UserMenu } from './user-menu.tsx';
import { VIEW_GROUPS, VIEWS } from './views.ts';

/** Navigation, the title with the time range, and the view. */
export function Shell({ who, children }: { readonly who: Whoami; readonly children: ComponentChildren }) {
  const { nav, skip, product, menu } = t();
  const [menuOpen, setMenuOpen] = useState(false);
  const [step = ''] = route.value.path;
  const entry = VIEWS.find(({ path }) => path === `/${step}`);
  const title = step === 'session' ? nav.session : entry === undefined ? product : nav[entry.name];
  useShortcuts();
  useEffect(() => {
    document.title = `${title} · ${product}${who.cluster === undefined ? '' : ` · ${who.cluster}`}`;
  }, [title, product, who.cluster]);
  // Another place closes the menu.
  useEffect(() => setMenuOpen(false), [route.value]);

  return (
    <div class="shell">
      <a class="skip" href="#main">
        {skip}
      </a>
      <aside class={menuOpen ? 'side open' : 'side'}>
        <div class="brand">
          <a href={link('/')} class="brand-link">
            <Mark />
            <span>{product}</span>
          </a>
          <button
            type="button"
            class="icon-button menu-button"
            aria-expanded={menuOpen}
            aria-controls="navigation"
            aria-label={menu}
            onClick={() => setMenuOpen(!menuOpen)}
          >
            <Icon name={menuOpen ? 'close' : 'menu'} />
          </button>
        </div>
        {who.cluster !== undefined && <p class="cluster ellipsis">{who.cluster}</p>}
        <nav id="navigation" aria-label={nav.label}>
          {VIEW_GROUPS.map((group) => (
            <div key={group.name} class="nav-group">
              <p class="nav-title">{nav[group.name]}</p>
              <ul>
                {group.views.map(({ name, path }) => (
                  <li key={name}>
                    <a href={link(path)} aria-current={path === `/${step}` ? 'page' : undefined}>
                      <Icon name={name} />
                      {nav[name]}
                    </a>
                  </li>
                ))}
              </ul>
            </div>
          ))}
        </nav>
        <footer class="side-foot">
          <UserMenu who={who} />
          <Preferences />
          <button
            type="button"
            class="text-button"
            onClick={() => {
              helpShown.value = true;
            }}
          >
            <Icon name="keyboard" /> {t().settings.shortcuts} <kbd>?</kbd>
          </button>
        </footer>
      </aside>
      <div class="content">
        <header class="top">
          <h1>{title}</h1>
          {!who.literals && (
            <span class="tag" title={t().masked.hiddenHelp}>
              <Icon name="lock" /> {t().masked.hidden}
            </span>
          )}
          <span class="spacer" />
          {entry?.ranged === true && <RangePicker />}
        </header>
        <main id="main" tabIndex={-1}>
          {children}
        </main>
      </div>
      <ShortcutHelp />
    </div>
  );
}
