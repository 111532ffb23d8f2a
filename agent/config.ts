import * as z from 'zod';
import { deliverySchema } from '../delivery/settings.ts';
import { sinkName, sinkSchema } from '../delivery/sinks/index.ts';
import { DECODING_VARIABLES, decodingFields } from './decoding-config.ts';
import { inputsSchema } from './file-input/input-settings.ts';
import { readSettings } from './read-settings.ts';
import type { Environment } from './surroundings.ts';

const sinks = z
  .array(sinkSchema)
  .min(1)
  .max(8)
  .superRefine((list, context) => {
    const names = list.map(sinkName);
    names.forEach((name, index) => {
      if (names.indexOf(name) === index) return;
      context.addIssue({
        code: 'custom',
        path: [index, 'name'],
        message: `there is another sink ${name}; name one of them`,
      });
    });
  })
  .prefault([{ type: 'stdout' }]);

const agentConfigSchema = z
  .strictObject({
    ...decodingFields,
    format: z.enum(['native', 'packetbeat']).default('native'),
    sinks,
    delivery: deliverySchema,
    /** Logs that are read beside the capture. How far is kept in the spool's directory. */
    inputs: inputsSchema,
    http: z
      .strictObject({
        /** `/metrics`, `/healthz`, `/readyz`. Not authenticated, so local unless said otherwise. */
        enabled: z.boolean().default(true),
        address: z.string().min(1).default('127.0.0.1'),
        port: z.int().min(0).max(65_535).default(9465),
      })
      .prefault({}),
    log: z.strictObject({ level: z.enum(['debug', 'info', 'warn', 'error']).default('info') }).prefault({}),
    shutdown: z.strictObject({ deadlineSeconds: z.int().min(1).max(600).default(10) }).prefault({}),
  })
  .refine(({ inputs, delivery }) => inputs.length === 0 || delivery.spool !== undefined, {
    path: ['delivery', 'spool', 'directory'],
    message: 'expected a directory: it also keeps how far inputs have been read',
  });

export type AgentConfig = z.infer<typeof agentConfigSchema>;

const VARIABLES: Readonly<Record<string, readonly string[]>> = {
  ...DECODING_VARIABLES,
  DBAUDIT_FORMAT: ['format'],
  DBAUDIT_SPOOL_DIRECTORY: ['delivery', 'spool', 'directory'],
  DBAUDIT_SPOOL_TOTAL_MEBIBYTES: ['delivery', 'spool', 'totalMebibytes'],
  DBAUDIT_HTTP_ENABLED: ['http', 'enabled'],
  DBAUDIT_HTTP_ADDRESS: ['http', 'address'],
  DBAUDIT_HTTP_PORT: ['http', 'port'],
  DBAUDIT_LOG_LEVEL: ['log', 'level'],
  DBAUDIT_SHUTDOWN_DEADLINE_SECONDS: ['shutdown', 'deadlineSeconds'],
};

/**
 * Reads a configuration: the file's values (already parsed from YAML), then the environment's, then defaults.
 * @throws UserError DBA1001 that names every wrong value's path and what was expected.
 */
export function readConfig(file: unknown, environment: Environment): AgentConfig {
  return readSettings(agentConfigSchema, file, environment, VARIABLES);
}
