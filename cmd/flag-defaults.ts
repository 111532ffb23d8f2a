import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Option } from 'commander';
import { UserError } from '../contract/user-error.ts';

type Environment = Readonly<Record<string, string | undefined>>;
type Settings = Readonly<Record<string, unknown>>;

/**
 * What the user wants otherwise than we do: ~/.config/dbaudit/config.yaml, with the names of global flags and, under
 * `commands`, of each command's. `namespace: shop`, `commands: { tail: { output: wide } }`.
 * @throws UserError DBA1001 where it is no map
 */
export async function readFlagDefaults(environment: Environment): Promise<Settings> {
  const directory = environment.XDG_CONFIG_HOME || join(environment.HOME ?? homedir(), '.config');
  const file = join(directory, 'dbaudit', 'config.yaml');
  if (!existsSync(file)) return {};
  const { parse } = await import('yaml');
  try {
    return asMap(parse(readFileSync(file, 'utf8')) ?? {}, 'it');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UserError('DBA1001', `${file}: ${reason}`, 'Mend or remove the file.');
  }
}

/** The words that the defaults stand for; put before those of the command line, which then win. */
export function defaultWords(settings: Settings): string[] {
  return Object.entries(settings).flatMap(([name, value]) => {
    if (value === false || value === undefined || value === null) return [];
    const values = Array.isArray(value) ? value : [value];
    return values.map((one) => (one === true ? `--${name}` : `--${name}=${one}`));
  });
}

/** Of the file: what is meant for this command. */
export function commandSettings(settings: Settings, command: string): Settings {
  return asMap(asMap(settings.commands ?? {}, 'commands')[command] ?? {}, `commands.${command}`);
}

/** Of the file and over it of the environment: `DBAUDIT_NAMESPACE=shop` is `--namespace shop`. */
export function globalSettings(settings: Settings, environment: Environment, options: readonly Option[]): Settings {
  const { commands: _, ...fromFile } = settings;
  const known = options.map(({ long }) => long?.slice(2));
  const unknown = Object.keys(fromFile).find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new UserError(
      'DBA1001',
      `the configuration file of the plugin: there is no global flag --${unknown}`,
      '`kubectl dbaudit options` lists them; flags of one command go under `commands`.',
    );
  }
  const fromEnvironment = options.flatMap((option) => {
    const name = option.long?.slice(2) ?? '';
    const value = environment[`DBAUDIT_${name.toUpperCase().replaceAll('-', '_')}`];
    if (value === undefined || value === '') return [];
    return [[name, option.isBoolean() ? value !== 'false' && value !== '0' : value]];
  });
  return { ...fromFile, ...Object.fromEntries(fromEnvironment) };
}

function asMap(value: unknown, what: string): Settings {
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return Object.fromEntries(Object.entries(value));
  throw new UserError('DBA1001', `${what} is not a map of flags`, 'docs/reference shows an example.');
}
