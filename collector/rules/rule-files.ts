import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

const EXTENSION = '.yml';

/** Replaces a file as a whole: after a crash it has the old content or the new one. */
export function replaceFile(path: string, content: string): void {
  mkdirSync(dirname(path), { recursive: true });
  const unfinished = `${path}.unfinished`;
  const file = openSync(unfinished, 'w', 0o600);
  try {
    writeSync(file, content);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(unfinished, path);
}

/** Undefined: there is none. */
export function readIfThere(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}

/** The rules of a directory, by the name of their file without its extension. */
export class RuleFiles {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  read(): ReadonlyMap<string, string> {
    if (!existsSync(this.#directory)) return new Map();
    const names = readdirSync(this.#directory).filter((name) => name.endsWith(EXTENSION));
    return new Map(
      names
        .toSorted()
        .map((name) => [name.slice(0, -EXTENSION.length), readFileSync(join(this.#directory, name), 'utf8')]),
    );
  }

  write(name: string, source: string): void {
    replaceFile(this.#path(name), source);
  }

  remove(name: string): void {
    rmSync(this.#path(name), { force: true });
  }

  #path(name: string): string {
    return join(this.#directory, `${name}${EXTENSION}`);
  }
}
