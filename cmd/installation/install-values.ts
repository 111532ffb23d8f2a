import { readFile } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { parse } from 'yaml';
import * as z from 'zod';
import { UserError } from '../../contract/user-error.ts';
import { HIGH_AVAILABILITY, type InstallOptions, installOptionsSchema } from '../../manifests/options.ts';

/** What `install` and `upgrade` take to change the values of an installation. */
export interface ValueFlags {
  readonly values?: readonly string[];
  readonly set?: readonly string[];
  readonly ha?: true;
  readonly certManager?: true;
  readonly enforce?: true;
  readonly agentConfig?: string;
  readonly mirrorSinkSecret?: true;
  readonly image?: string;
  readonly imagePullPolicy?: string;
  readonly imagePullSecret?: readonly string[];
  /** False where it is to be left out; true says nothing. */
  readonly collector?: boolean;
  readonly withCollector?: true;
  readonly collectorImage?: string;
  readonly collectorConfig?: string;
  /** A size, or `none`. */
  readonly collectorStorage?: string;
  readonly collectorStorageClass?: string;
}

/** Values as a user gives them: whatever has a default may be absent. */
export type Values = Readonly<Record<string, unknown>>;

/**
 * What the flags say, later ones over earlier ones: -f files, --set, then the flags with names of their own.
 * @throws UserError DBA1001, DBA1002
 */
export async function readValues(flags: ValueFlags, stdin: Readable, earlier: Values = {}): Promise<Values> {
  let values = earlier;
  for (const file of flags.values ?? []) values = mergeValues(values, await readValuesFile(file, stdin));
  for (const assignment of flags.set ?? []) values = mergeValues(values, parseAssignment(assignment));
  const { ha, certManager, enforce, agentConfig, mirrorSinkSecret, image, imagePullPolicy, imagePullSecret } = flags;
  return [
    ha === undefined ? {} : HIGH_AVAILABILITY,
    certManager === undefined ? {} : { certManager },
    enforce === undefined ? {} : { failurePolicy: 'Fail' },
    agentConfig === undefined ? {} : { agentConfig: await readText(agentConfig, stdin) },
    mirrorSinkSecret === undefined ? {} : { mirrorSinkSecret },
    image === undefined ? {} : { image },
    imagePullPolicy === undefined ? {} : { imagePullPolicy },
    imagePullSecret === undefined ? {} : { imagePullSecrets: imagePullSecret.map((name) => ({ name })) },
    // A token for the collector is of no use without it.
    flags.collector === false ? { collector: false, injection: { sinkToken: 'none' } } : {},
    flags.withCollector === undefined ? {} : { collector: true, injection: { sinkToken: 'projected' } },
    flags.collectorImage === undefined ? {} : { collectorImage: flags.collectorImage },
    flags.collectorConfig === undefined ? {} : { collectorConfig: await readText(flags.collectorConfig, stdin) },
    storageValues(flags),
  ].reduce(mergeValues, values);
}

function storageValues({ collectorStorage, collectorStorageClass }: ValueFlags): Values {
  return {
    ...(collectorStorage === undefined ? {} : { collectorPersistent: collectorStorage !== 'none' }),
    ...(collectorStorage === undefined || collectorStorage === 'none' ? {} : { collectorStorage }),
    ...(collectorStorageClass === undefined ? {} : { collectorPersistent: true, collectorStorageClass }),
  };
}

/**
 * The values with all defaults.
 * @throws UserError DBA1001 naming each value that is not valid
 */
export function completeOptions(values: Values): InstallOptions {
  const parsed = installOptionsSchema.safeParse(values);
  if (parsed.success) return parsed.data;
  throw new UserError(
    'DBA1001',
    `the values are not valid:\n${z.prettifyError(parsed.error)}`,
    'values.schema.json of the chart describes every value.',
  );
}

/** Maps are merged, everything else is replaced; null takes a value back to its default. */
export function mergeValues(under: Values, over: Values): Values {
  const merged: Record<string, unknown> = { ...under };
  for (const [name, value] of Object.entries(over)) {
    if (value === null) delete merged[name];
    else if (isMap(value)) merged[name] = mergeValues(asMap(merged[name]), value);
    else merged[name] = value;
  }
  return merged;
}

/** `injection.redact=literals`; the value is read as YAML. */
function parseAssignment(assignment: string): Values {
  const [, path, value] = /^([A-Za-z][\w.-]*)=(.*)$/s.exec(assignment) ?? [];
  if (path === undefined || value === undefined) {
    throw new UserError('DBA1001', `--set ${assignment}: PATH=VALUE is expected`, 'Such as --set replicas=3.');
  }
  const names = path.split('.');
  return asMap(names.reduceRight<unknown>((inner, name) => ({ [name]: inner }), parse(value) ?? null));
}

async function readValuesFile(file: string, stdin: Readable): Promise<Values> {
  const content = await readText(file, stdin);
  try {
    const values: unknown = parse(content) ?? {};
    if (isMap(values)) return values;
    throw new Error('no map of values');
  } catch (error) {
    throw new UserError('DBA1001', `${file}: ${reason(error)}`, 'See values.yaml of the chart.');
  }
}

async function readText(file: string, stdin: Readable): Promise<string> {
  try {
    return file === '-' ? await text(stdin) : await readFile(file, 'utf8');
  } catch (error) {
    throw new UserError('DBA1002', `${file}: ${reason(error)}`, 'Check the path.');
  }
}

function asMap(value: unknown): Values {
  return isMap(value) ? value : {};
}

function isMap(value: unknown): value is Values {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
