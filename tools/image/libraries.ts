import { spawnSync } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../run.ts';
import type { Architecture } from './architecture.ts';

export interface ProgramLibraries {
  /** The dynamic linker, at the path that the program asks for. */
  readonly interpreter: { readonly path: string; readonly file: string };
  /** File by name, those that the libraries load themselves included. */
  readonly libraries: ReadonlyMap<string, string>;
}

/**
 * The shared libraries that a program of any architecture loads, from this machine's own or its cross compiler's.
 * @throws Error that names the first library that is missing
 */
export function programLibraries(program: string, architecture: Architecture): ProgramLibraries {
  const asked = /program interpreter: ([^\]]+)\]/.exec(run('readelf', ['--program-headers', program]))?.[1];
  if (asked === undefined) throw new Error(`${program} has no dynamic linker`);
  const libraries = new Map<string, string>();
  const pending = [program];
  for (let file = pending.pop(); file !== undefined; file = pending.pop()) {
    for (const [, name = ''] of run('readelf', ['--dynamic', file]).matchAll(/\(NEEDED\).*\[(.+)\]/g)) {
      if (libraries.has(name)) continue;
      const found = findLibrary(name, architecture);
      libraries.set(name, found);
      pending.push(found);
    }
  }
  const linker = asked.slice(asked.lastIndexOf('/') + 1);
  return { interpreter: { path: asked, file: findLibrary(linker, architecture) }, libraries };
}

/** Debian's directories: of a cross compiler, then of the machine itself. */
function findLibrary(name: string, { triplet }: Architecture): string {
  const directories = [`/usr/${triplet}/lib`, `/lib/${triplet}`, `/usr/lib/${triplet}`];
  const found = directories.map((directory) => join(directory, name)).find(existsSync);
  if (found === undefined) {
    throw new Error(`${name} for ${triplet} is not on this machine; tools/install-packages.sh image installs it`);
  }
  return realpathSync(found);
}

/** Debian's copyright file of the package that a library belongs to; undefined on other distributions. */
export function libraryCopyright(file: string): { readonly name: string; readonly file: string } | undefined {
  // dpkg knows many files by their path from before /lib was merged into /usr/lib.
  for (const known of [file, file.replace(/^\/usr/, '')]) {
    const { status, stdout } = spawnSync('dpkg', ['--search', known], { encoding: 'utf8' });
    const name = status === 0 ? stdout.split(/[:,]/)[0] : undefined;
    const copyright = `/usr/share/doc/${name}/copyright`;
    if (name !== undefined && existsSync(copyright)) return { name, file: realpathSync(copyright) };
  }
  return undefined;
}
