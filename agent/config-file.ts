import { readFile } from 'node:fs/promises';
import { parse, stringify, YAMLParseError } from 'yaml';
import { UserError } from '../contract/user-error.ts';
import { type AgentConfig, readConfig } from './config.ts';

/**
 * The configuration in force: file (if one is named), then environment, then defaults.
 * @throws UserError DBA1001 where a value or the YAML is wrong, DBA1002 where the file cannot be read
 */
export async function loadConfig(
  path: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<AgentConfig> {
  return readConfig(path === undefined ? undefined : parseYaml(path, await read(path)), environment);
}

/** As YAML that can be given back by `--config`. Holds no secret: sinks name files, never values. */
export function printConfig(config: AgentConfig): string {
  return stringify(config);
}

async function read(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
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
