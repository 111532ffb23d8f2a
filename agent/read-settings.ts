import type * as z from 'zod';
import { UserError } from '../contract/user-error.ts';
import type { Environment } from './surroundings.ts';

/**
 * Reads settings: a file's values (already parsed from YAML), then the environment's, then the schema's defaults.
 * @param variables the environment's names and the paths that they override
 * @throws UserError DBA1001 that names every wrong value's path and what was expected.
 */
export function readSettings<Settings>(
  schema: z.ZodType<Settings>,
  file: unknown,
  environment: Environment,
  variables: Readonly<Record<string, readonly string[]>>,
): Settings {
  const input = isRecord(file) ? structuredClone(file) : (file ?? {});
  if (isRecord(input)) {
    for (const [variable, path] of Object.entries(variables)) {
      const value = environment[variable];
      if (value !== undefined && value !== '') setAt(input, path, fromText(value, path));
    }
    for (const [protocol, ports] of portsByProtocol(environment.DBAUDIT_CAPTURE_PORTS ?? '')) {
      setAt(input, ['capture', 'ports', protocol], ports);
    }
  }
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const problems = result.error.issues.map(
    ({ path, message }) => `${path.join('.') || '(the whole file)'}: ${message}`,
  );
  throw new UserError(
    'DBA1001',
    `the configuration is not valid: ${problems.join('; ')}`,
    'correct these values; `dbaudit-agent run --print-config` shows what is in force',
  );
}

/** `3306=mysql,6433=postgresql,3307=mysql`, as the annotation `config.dbaudit.io/ports` has it. */
function portsByProtocol(text: string): Map<string, number[]> {
  const ports = new Map<string, number[]>();
  for (const entry of text.split(',').filter((entry) => entry !== '')) {
    const [port = '', protocol = ''] = entry.split('=', 2);
    ports.set(protocol.trim(), [...(ports.get(protocol.trim()) ?? []), Number(port)]);
  }
  return ports;
}

/** Numbers, truth values and, for ports and protocols, comma-separated lists; everything else stays text. */
function fromText(value: string, path: readonly string[]): unknown {
  if (path.includes('protocols')) return value.split(',').map((name) => name.trim());
  if (path.includes('ports')) return value.split(',').map((port) => Number(port.trim()));
  if (value === 'true' || value === 'false') return value === 'true';
  return /^\d+$/.test(value) ? Number(value) : value;
}

function setAt(root: Record<string, unknown>, path: readonly string[], value: unknown): void {
  let target = root;
  for (const name of path.slice(0, -1)) {
    const next = target[name];
    if (next === undefined || next === null) target[name] = {};
    else if (!isRecord(next)) return; // the schema reports it with its path
    const child = target[name];
    if (!isRecord(child)) return;
    target = child;
  }
  const last = path.at(-1);
  if (last !== undefined) target[last] = value;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
