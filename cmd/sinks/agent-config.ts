import { parse } from 'yaml';
import * as z from 'zod';
import { AGENT_CONFIG_KEY, AGENT_CONFIG_MAP, SINK_SECRET_DIRECTORY } from '../../contract/labels.ts';
import { UserError } from '../../contract/user-error.ts';
import type { Cluster } from '../kubernetes/cluster.ts';

const text = z.string().optional().catch(undefined);

/** Only what is shown: whether a configuration is valid is for the agent to say. */
const configSchema = z.looseObject({
  format: text,
  sinks: z
    .array(z.looseObject({ type: z.string(), name: text, format: text }))
    .min(1)
    .default([{ type: 'stdout' }]),
  delivery: z
    .looseObject({
      spool: z.looseObject({ maxMebibytes: z.number().optional().catch(undefined) }).optional(),
    })
    .optional(),
});

/** A sink as the configuration has it; the agent may know its place and format better. */
export interface ConfiguredSink {
  readonly name: string;
  readonly type: string;
  readonly place: string;
  readonly format: string;
  /** Bound of what waits on disk for it in one pod; absent where nothing does. */
  readonly spoolMebibytes?: number;
}

export interface ConfiguredSinks {
  readonly sinks: readonly ConfiguredSink[];
  /** A setting names a file of the Secret for sinks. */
  readonly needsSecret: boolean;
}

/** As the agent has it where the configuration says nothing. */
const DEFAULT_SPOOL_MEBIBYTES = 512;
const LOCAL_TYPES = ['stdout', 'file'];
/** Where a receiver is, by any of its settings. */
const ADDRESSES = ['url', 'urls', 'address', 'brokers', 'nodes', 'endpoint', 'path'];
const PLACES_WITHIN = ['topic', 'index', 'dataStream'];

/**
 * The sinks of the agents' configuration in this namespace; undefined where there is no ConfigMap, and agents run on their
 * defaults.
 * @throws UserError DBA1001 where it is not YAML, or has no list of sinks
 */
export async function readConfiguredSinks(cluster: Cluster, namespace: string): Promise<ConfiguredSinks | undefined> {
  const map = await cluster.find({ apiVersion: 'v1', kind: 'ConfigMap' }, AGENT_CONFIG_MAP, namespace);
  const data = map?.data;
  if (typeof data !== 'object' || data === null || !(AGENT_CONFIG_KEY in data)) return undefined;
  const yaml = String(data[AGENT_CONFIG_KEY]);
  const config = configSchema.safeParse(parsed(yaml, namespace) ?? {});
  if (!config.success) throw invalid(namespace, z.prettifyError(config.error).replaceAll(/\s+/g, ' '));
  const { sinks, format = 'native', delivery } = config.data;
  const spoolMebibytes = delivery?.spool?.maxMebibytes ?? DEFAULT_SPOOL_MEBIBYTES;
  return {
    needsSecret: yaml.includes(`${SINK_SECRET_DIRECTORY}/`),
    sinks: sinks.map((sink) => ({
      name: sink.name ?? sink.type,
      type: sink.type,
      place: placeOf(sink),
      format: sink.format ?? format,
      ...(LOCAL_TYPES.includes(sink.type) ? {} : { spoolMebibytes }),
    })),
  };
}

function parsed(yaml: string, namespace: string): unknown {
  try {
    return parse(yaml);
  } catch (error) {
    throw invalid(namespace, error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error));
  }
}

function invalid(namespace: string, problem: string): UserError {
  return new UserError(
    'DBA1001',
    `ConfigMap ${AGENT_CONFIG_MAP} in ${namespace} is not valid: ${problem}`,
    '`kubectl dbaudit upgrade --agent-config FILE` gives agents another configuration.',
  );
}

/** For people, as far as it can be told without knowing the type: `kafka://broker:9092/audit`. No credentials. */
function placeOf(settings: Readonly<Record<string, unknown>> & { readonly type: string }): string {
  const { type } = settings;
  if (type === 'stdout') return 'standard output';
  const [address] = ADDRESSES.flatMap((name) => wordsOf(settings[name]));
  if (address === undefined) return '-';
  const whole = type === 'file' || address.includes('://') ? address : `${type}://${address}`;
  const [within] = PLACES_WITHIN.flatMap((name) => wordsOf(settings[name]));
  // The agent refuses addresses with credentials in them; they are not shown here either.
  return `${whole}${within === undefined ? '' : `/${within}`}`.replace(/\/\/[^/]*@/, '//');
}

/** One text of a text, or of a list of them; of URLs the first. */
function wordsOf(value: unknown): string[] {
  if (typeof value === 'string' && value !== '') return [value];
  if (!Array.isArray(value) || value.length === 0) return [];
  const [first] = value.map(String);
  return first?.includes('://') ? [first] : [value.join(',')];
}
