import type { RequestOptions } from 'node:https';
import type { KubeConfig } from '@kubernetes/client-node';
import { UserError } from '../../contract/user-error.ts';
import type { Credentials } from './cluster.ts';

/**
 * What the kubeconfig's user shows the API server, for others that ask the API server who that is. Programs that the
 * kubeconfig names for it are run.
 * @throws UserError DBA1004 with `--as` and its like
 */
export async function callerCredentials(kubeConfig: KubeConfig): Promise<Credentials> {
  const settings: RequestOptions = {};
  await kubeConfig.applyToHTTPSOptions(settings);
  const headers = Object.entries(settings.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value] as const);
  if (headers.some(([name]) => name.startsWith('impersonate-'))) {
    throw new UserError(
      'DBA1004',
      '--as, --as-group and --as-uid have no meaning to the collector: it would show what you may see yourself',
      'Use a context, or --token, of the account that is meant.',
    );
  }
  const authorization = headers.find(([name]) => name === 'authorization')?.[1];
  const { cert, key } = settings;
  return {
    ...(typeof authorization === 'string' ? { authorization } : {}),
    ...(isPem(cert) ? { cert } : {}),
    ...(isPem(key) ? { key } : {}),
  };
}

function isPem(value: unknown): value is string | Buffer {
  return typeof value === 'string' || Buffer.isBuffer(value);
}
