import { hostname } from 'node:os';
import * as z from 'zod';

const seconds = z.coerce.number().min(0).max(3_600);

const environmentSchema = z.object({
  DBAUDIT_NAMESPACE: z.string().min(1),
  DBAUDIT_POD_NAME: z.string().min(1).default(hostname),
  DBAUDIT_SERVICE_NAME: z.string().min(1).default('dbaudit-injector'),
  DBAUDIT_ADDRESS: z.string().min(1).default('::'),
  DBAUDIT_PORT: z.coerce.number().int().min(0).max(65_535).default(10_250),
  DBAUDIT_LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
  DBAUDIT_DRAIN_SECONDS: seconds.default(10),
  DBAUDIT_CERTIFICATE_SETTLE_SECONDS: seconds.default(120),
  DBAUDIT_CERTIFICATE_DIRECTORY: z.string().min(1).optional(),
  DBAUDIT_MIRROR_SINK_SECRET: z.stringbool().default(false),
});

/** What the process is told; settings of the agents are not here but in a ConfigMap, see settings.ts. */
export interface WebhookConfig {
  /** Where we run: never injected, and home of our Secret and ConfigMaps. */
  readonly namespace: string;
  /** Names this replica in Events and as field manager. */
  readonly podName: string;
  /** The Service that the API server calls; the serving certificate is for its names. */
  readonly serviceName: string;
  readonly address: string;
  readonly port: number;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error';
  /** How long requests are still answered after SIGTERM, until no API server sends any more. */
  readonly drainMillis: number;
  /** How long every API server and replica is given to notice a change before the next step of a CA roll. */
  readonly settleMillis: number;
  /** Where cert-manager's files are mounted; undefined: our own CA. */
  readonly certificateDirectory: string | undefined;
  /** Whether the sinks' Secret is copied too, which the injector has the right to only where it was asked for. */
  readonly mirrorSinkSecret: boolean;
}

/** @throws Error naming each variable that is missing or not valid */
export function readConfig(environment: Readonly<Record<string, string | undefined>>): WebhookConfig {
  const parsed = environmentSchema.safeParse(environment);
  if (!parsed.success) {
    const problems = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
    throw new Error(`the environment is not valid: ${problems.join('; ')}`);
  }
  const { data } = parsed;
  return {
    namespace: data.DBAUDIT_NAMESPACE,
    podName: data.DBAUDIT_POD_NAME,
    serviceName: data.DBAUDIT_SERVICE_NAME,
    address: data.DBAUDIT_ADDRESS,
    port: data.DBAUDIT_PORT,
    logLevel: data.DBAUDIT_LOG_LEVEL,
    drainMillis: data.DBAUDIT_DRAIN_SECONDS * 1_000,
    settleMillis: data.DBAUDIT_CERTIFICATE_SETTLE_SECONDS * 1_000,
    certificateDirectory: data.DBAUDIT_CERTIFICATE_DIRECTORY,
    mirrorSinkSecret: data.DBAUDIT_MIRROR_SINK_SECRET,
  };
}
