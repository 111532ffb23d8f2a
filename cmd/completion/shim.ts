import { existsSync } from 'node:fs';
import { chmod, rename, writeFile } from 'node:fs/promises';
import { delimiter, join, resolve } from 'node:path';
import { UserError } from '../../contract/user-error.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** What kubectl (1.26 and later) runs for the words after `kubectl dbaudit`, where it is on the path. */
const NAME = 'kubectl_complete-dbaudit';
const UNIX_SHIM = '#!/bin/sh\nexec kubectl dbaudit __complete "$@"\n';
const WINDOWS_SHIM = '@kubectl dbaudit __complete %*\r\n';

/**
 * Writes the program that kubectl asks for candidates: into `directory`, else beside the plugin where PATH has it. krew
 * cannot install it, since it links one file of a plugin. Gives its path.
 * @throws UserError DBA1004 where there is no such directory or it cannot be written to
 */
export async function installShim(directory: string | undefined, environment: Environment): Promise<string> {
  const target = directory ?? pluginDirectory(environment);
  if (target === undefined) {
    throw new UserError('DBA1004', 'kubectl-dbaudit is not on PATH', 'Name a directory of your PATH with --dir.');
  }
  const windows = process.platform === 'win32';
  const file = join(target, windows ? `${NAME}.cmd` : NAME);
  try {
    const unfinished = `${file}.${process.pid}.part`;
    await writeFile(unfinished, windows ? WINDOWS_SHIM : UNIX_SHIM);
    await chmod(unfinished, 0o755);
    await rename(unfinished, file);
  } catch (error) {
    const [reason] = String(error instanceof Error ? error.message : error).split(',');
    throw new UserError('DBA1004', `${file} cannot be written: ${reason}`, 'Name a directory of your PATH with --dir.');
  }
  return file;
}

/** Whether programs in the directory are found by name. */
export function isOnPath(directory: string, environment: Environment): boolean {
  return pathDirectories(environment).some((entry) => resolve(entry) === resolve(directory));
}

/** Where kubectl finds the plugin: the directory that krew links plugins in, or any other of PATH. */
function pluginDirectory(environment: Environment): string | undefined {
  return pathDirectories(environment).find((directory) =>
    ['kubectl-dbaudit', 'kubectl-dbaudit.exe'].some((name) => existsSync(join(directory, name))),
  );
}

function pathDirectories({ PATH, Path }: Environment): string[] {
  return (PATH ?? Path ?? '').split(delimiter).filter((entry) => entry !== '');
}
