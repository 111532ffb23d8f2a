import { WrongConfiguration } from '../sinks/failure.ts';
import { readSecretFile } from './secret-file.ts';

/** One of the three ways, or none: which ones there are is the sink's schema's business. */
export interface HttpCredentials {
  readonly bearerFile?: string | undefined;
  readonly username?: string | undefined;
  readonly passwordFile?: string | undefined;
  readonly apiKeyFile?: string | undefined;
}

/** RFC 6750 `b68token` and what else may stand in a header (RFC 9110 5.5), without blanks. */
const TOKEN = /^[\x21-\x7e]+$/;

export interface Authorization {
  readonly header: string;
  /** What must not be shown, should a receiver repeat it. */
  readonly secrets: readonly string[];
}

/**
 * The `authorization` header. Read for each request: projected tokens are replaced while they are in use.
 * @throws WrongConfiguration DBA4008, never with a secret
 */
export async function authorization(credentials: HttpCredentials): Promise<Authorization | undefined> {
  const { bearerFile, username, passwordFile, apiKeyFile } = credentials;
  if (bearerFile !== undefined) return withToken('Bearer', await readToken(bearerFile, 'bearerFile'));
  if (apiKeyFile !== undefined) return withToken('ApiKey', await readToken(apiKeyFile, 'apiKeyFile'));
  if (username === undefined || passwordFile === undefined) return undefined;
  const password = await readSecretFile(passwordFile, 'passwordFile');
  const encoded = Buffer.from(`${username}:${password}`).toString('base64');
  return { header: `Basic ${encoded}`, secrets: [encoded, password] };
}

function withToken(scheme: string, token: string): Authorization {
  return { header: `${scheme} ${token}`, secrets: [token] };
}

async function readToken(path: string, setting: string): Promise<string> {
  const token = await readSecretFile(path, setting);
  if (TOKEN.test(token)) return token;
  throw new WrongConfiguration(
    'DBA4008',
    `${setting}: ${path} has blanks, line breaks or other characters that no token has`,
    'put the token alone into that file',
  );
}
