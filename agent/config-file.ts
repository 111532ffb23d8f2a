import { readFile } from 'node:fs/promises';
import { parse, stringify, YAMLParseError } from 'yaml';
import { UserError } from '../contract/user-error.ts';
import { type AgentConfig, readConfig } from './config.ts';

/** In a pod the file is a ConfigMap that may not be there; set by the injector. */
const OPTIONAL = 'DBAUDIT_CONFIG_OPTIONAL';

/**
 * The configuration in force: file (if one is named), then environment, then defaults.
 * @throws UserError DBA1001 where a value or the YAML is wrong, DBA1002 where the file cannot be read
 */
export async function loadConfig(
  path: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<AgentConfig> {
  const text = path === undefined ? undefined : await read(path, environment[OPTIONAL] === 'true');
  return readConfig(path === undefined || text === undefined ? undefined : parseYaml(path, text), environment);
}

/** As YAML that can be given back by `--config`. Holds no secret: sinks name files, never values. */
export function printConfig(config: AgentConfig): string {
  return stringify(config);
}

/** Undefined where there is no such file and there need not be one. */
async function read(path: string, optional: boolean): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (optional && error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    const reason = error instanceof Error ? error.message : String(error);
    throw new UserError(
      'DBA1002',
      `the configuration ${path} cannot be read: ${reason}`,
      'check the path and its rights',
    );
  }
}

function parseYaml(path: string, text: string): unknown {
  try {
    return parse(text) ?? undefined;
  } catch (error) {
    if (!(error instanceof YAMLParseError)) throw error;
    throw new UserError('DBA1001', `${path} is not YAML: ${error.message}`, 'correct the file at that place');
  }
}
