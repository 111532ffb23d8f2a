import { useState } from 'preact/hooks';
import type * as z from 'zod';
import type { exportRequestSchema } from '../../../contract/collector-api.ts';
import { request as ask, type Problem } from '../api/call.ts';
import { asProblem } from '../api/loaded.ts';
import { Dialog } from '../parts/dialog.tsx';
import { saveFile } from '../parts/save-file.ts';
import { Allowed, ProblemNote } from '../parts/states.tsx';
import { may } from '../sign-in/session.ts';
import { t } from '../text/index.ts';

type ExportRequest = Omit<z.input<typeof exportRequestSchema>, 'format'>;

/** Takes the events of the search out, as the collector writes them; that is an event of its own. */
export function ExportMenu({ request }: { readonly request: ExportRequest }) {
  const texts = t().search;
  const [open, setOpen] = useState(false);
  const [working, setWorking] = useState(false);
  const [problem, setProblem] = useState<Problem>();

  async function save(format: 'ndjson' | 'csv'): Promise<void> {
    setWorking(true);
    setProblem(undefined);
    try {
      const answer = await ask('POST', '/export', { ...request, format });
      saveFile(`dbaudit-events.${format}`, await answer.blob());
      setOpen(false);
    } catch (error) {
      setProblem(asProblem(error));
    }
    setWorking(false);
  }

  return (
    <>
      <button type="button" class="button" onClick={() => setOpen(true)}>
        {texts.export}
      </button>
      {open && (
        <Dialog title={texts.export} onClose={() => setOpen(false)}>
          <Allowed right="auditevents/export" has={may('auditevents/export')}>
            <p>{texts.exportHelp}</p>
            {problem !== undefined && <ProblemNote problem={problem} />}
            <div class="actions">
              <button type="button" class="button primary" disabled={working} onClick={() => save('ndjson')}>
                {working ? texts.exporting : texts.exportNdjson}
              </button>
              <button type="button" class="button" disabled={working} onClick={() => save('csv')}>
                {texts.exportCsv}
              </button>
            </div>
          </Allowed>
        </Dialog>
      )}
    </>
  );
}
