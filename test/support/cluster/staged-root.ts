import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

/** The account that pods of the tests run under: Debian's nobody. */
export const UNPRIVILEGED_ID = 65_534;
const BUSYBOX_PLACES = ['/bin/busybox', '/usr/bin/busybox'];

/** A root file system for an image, made of programs of this machine, with busybox for everything ordinary. */
export class StagedRoot {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
    for (const directory of ['bin', 'etc', 'root', 'tmp', 'data'])
      mkdirSync(join(path, directory), { recursive: true });
    chmodSync(join(path, 'tmp'), 0o1777);
    writeFileSync(
      join(path, 'etc/passwd'),
      `root:x:0:0::/root:/bin/sh\nnobody:x:${UNPRIVILEGED_ID}:${UNPRIVILEGED_ID}::/tmp:/bin/sh\n`,
    );
    writeFileSync(join(path, 'etc/group'), `root:x:0:\nnogroup:x:${UNPRIVILEGED_ID}:\n`);
    this.#addBusybox();
  }

  #addBusybox(): void {
    const program = BUSYBOX_PLACES.find((place) => existsSync(place) && !lstatSync(place).isSymbolicLink());
    if (program === undefined) throw new Error('busybox is missing; run tools/install-packages.sh cluster');
    copyFileSync(program, join(this.path, 'bin/busybox'));
    for (const applet of execFileSync(program, ['--list'], { encoding: 'utf8' }).trim().split('\n')) {
      if (applet !== 'busybox') symlinkSync('busybox', join(this.path, 'bin', applet));
    }
  }

  /** A program or library at the place where it is here, with the libraries it loads. */
  add(file: string): void {
    this.#copy(file);
    for (const library of librariesOf(file)) this.#copy(library);
  }

  /** A file or directory at the place where it is here; `keep` may leave out parts. */
  addFiles(path: string, keep: (part: string) => boolean = () => true): void {
    cpSync(path, join(this.path, path), { recursive: true, dereference: true, filter: keep });
  }

  #copy(file: string): void {
    const target = join(this.path, file);
    if (existsSync(target)) return;
    mkdirSync(dirname(target), { recursive: true });
    copyFileSync(realpathSync(file), target);
  }
}

/** What the dynamic loader would load, and the loader itself. ldd(1) */
function librariesOf(file: string): string[] {
  const listed = execFileSync('ldd', [realpathSync(file)], { encoding: 'utf8' });
  return Array.from(listed.matchAll(/(\/\S+) \(0x/g), ([, path = '']) => path);
}
