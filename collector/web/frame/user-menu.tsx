import { useState } from 'preact/hooks';
import type { Whoami } from '../../../contract/collector-api.ts';
import { Dialog } from '../parts/dialog.tsx';
import { Icon } from '../parts/icon.tsx';
import { signOut } from '../sign-in/session.ts';
import { t } from '../text/index.ts';

/** Who the collector takes the reader for, and what that lets them see. */
export function UserMenu({ who }: { readonly who: Whoami }) {
  const texts = t().user;
  const [open, setOpen] = useState(false);
  const namespaces = who.namespaces === 'all' ? texts.allNamespaces : who.namespaces.join(', ') || t().none;
  return (
    <>
      <button type="button" class="user-button" onClick={() => setOpen(true)} title={texts.label}>
        <Icon name="user" />
        <span class="ellipsis">{who.name}</span>
      </button>
      {open && (
        <Dialog title={texts.label} onClose={() => setOpen(false)}>
          <p class="who mono">{who.name}</p>
          <dl class="facts">
            <dt>{texts.groups}</dt>
            <dd class="mono">{who.groups.join(', ') || t().none}</dd>
            <dt>{texts.namespaces}</dt>
            <dd>{namespaces}</dd>
            <dt>{texts.literals}</dt>
            <dd>{who.literals ? texts.literalsShown : texts.literalsHidden}</dd>
            <dt>{texts.rights}</dt>
            <dd class="mono">{who.rights.join(', ') || t().none}</dd>
            {who.cluster !== undefined && (
              <>
                <dt>{texts.cluster}</dt>
                <dd>{who.cluster}</dd>
              </>
            )}
            <dt>{texts.version}</dt>
            <dd class="mono">{who.version}</dd>
          </dl>
          <div class="actions">
            <button type="button" class="button" onClick={signOut}>
              {texts.signOut}
            </button>
          </div>
        </Dialog>
      )}
    </>
  );
}
