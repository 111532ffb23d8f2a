import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const OPENERS: Readonly<Partial<Record<NodeJS.Platform, readonly [string, ...string[]]>>> = {
  darwin: ['open'],
  win32: ['explorer.exe'],
};
/** Desktops of Linux and others. https://www.freedesktop.org/wiki/Software/xdg-utils/ */
const OTHERS_OPENER = ['xdg-open'] as const;
const OWNER_ONLY = 0o600;

/**
 * Opens the address in the user's browser: by a file that leads there, for a command line can be read by everybody on the
 * machine. `$BROWSER` is taken first. Gives what removes the file; undefined where no browser could be started.
 */
export async function openBrowser(
  address: string,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<(() => void) | undefined> {
  const directory = mkdtempSync(join(tmpdir(), 'dbaudit-ui-'));
  const remove = () => rmSync(directory, { recursive: true, force: true });
  const file = join(directory, 'open.html');
  const text = `<!doctype html><meta charset="utf-8"><meta name="referrer" content="no-referrer"><meta http-equiv="refresh" content="0;url=${address}">\n`;
  writeFileSync(file, text, { mode: OWNER_ONLY });
  const wanted = environment.BROWSER;
  const [program, ...parameters] =
    wanted === undefined || wanted === '' ? (OPENERS[process.platform] ?? OTHERS_OPENER) : [wanted];
  if (await started(program, [...parameters, pathToFileURL(file).href])) return remove;
  remove();
  return undefined;
}

/** Whether it could be started; what becomes of it is the user's to see. */
function started(program: string, parameters: readonly string[]): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn(program, parameters, { stdio: 'ignore', detached: true });
    child.once('error', () => resolve(false));
    child.once('spawn', () => {
      child.unref();
      resolve(true);
    });
  });
}
