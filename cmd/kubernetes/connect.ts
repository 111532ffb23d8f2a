import { parseDuration } from '../duration.ts';
import type { GlobalOptions } from '../global-options.ts';
import { ApiServer } from './api-server.ts';
import type { Cluster } from './cluster.ts';
import { loadConnection } from './kubeconfig.ts';
import { openRequests } from './requests.ts';

/** From this `-v` on requests are named, as kubectl does. */
const TRACE_LEVEL = 6;

/**
 * The cluster that the flags and the kubeconfig name. Nothing is asked of it yet.
 * @throws UserError DBA1101 where the kubeconfig does not say how to reach it
 */
export function connect(
  globals: GlobalOptions,
  environment: Readonly<Record<string, string | undefined>>,
  say: (line: string) => void,
): Cluster {
  const connection = loadConnection(globals, environment);
  const requests = openRequests(connection, {
    timeoutMillis: parseDuration(globals.requestTimeout ?? '0'),
    ...(Number(globals.v ?? 0) >= TRACE_LEVEL ? { trace: say } : {}),
  });
  return new ApiServer(connection, requests);
}
