import { existsSync, renameSync } from 'node:fs';
import { resolve } from 'node:path';
import { goProgram } from '../go-toolchain.ts';
import { run } from '../run.ts';

const SOURCES = 'tools/krew/quill';
const QUILL = 'build/krew/quill';

/**
 * Signs an executable for macOS without an identity, "ad hoc": Apple silicon starts nothing that is not signed at all.
 * Gatekeeper asks for more of what a browser downloads, not of what krew does.
 */
export function signForMacos(executable: string): void {
  if (!existsSync(QUILL)) buildQuill();
  run(resolve(QUILL), ['sign', '--ad-hoc', '--quiet', executable]);
}

function buildQuill(): void {
  const unfinished = resolve(`${QUILL}.${process.pid}.part`);
  const go = goProgram();
  run(
    go.includes('/') ? resolve(go) : go,
    ['build', '-mod=readonly', '-buildvcs=false', '-trimpath', '-o', unfinished, 'github.com/anchore/quill/cmd/quill'],
    { directory: SOURCES, environment: { GOTOOLCHAIN: 'local' } },
  );
  renameSync(unfinished, QUILL);
}
