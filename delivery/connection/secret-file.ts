import { readFile } from 'node:fs/promises';
import { WrongConfiguration } from '../sinks/failure.ts';
import { systemErrorCode, wordsOf } from '../system-error.ts';

/** A password is a line; whoever names a log by mistake shall not send all of it. */
const MAX_SECRET_BYTES = 65_536;

/**
 * The secret in a file, without the line break that editors put behind it. Read anew for each connection: mounted Secrets
 * and projected tokens change.
 * @throws WrongConfiguration DBA4008 where it is not there, is empty or too long; never with its content
 */
export async function readSecretFile(path: string, setting: string): Promise<string> {
  const text = (await readConnectionFile(path, setting)).toString('utf8').replace(/\r?\n$/, '');
  if (text === '') {
    throw new WrongConfiguration('DBA4008', `${setting}: ${path} is empty`, 'put the secret into that file');
  }
  return text;
}

/**
 * A file that a connection needs: a secret, a certificate, a key.
 * @throws WrongConfiguration DBA4008
 */
export async function readConnectionFile(path: string, setting: string): Promise<Buffer> {
  let content: Buffer;
  try {
    content = await readFile(path);
  } catch (error) {
    const reason = systemErrorCode(error) ?? wordsOf(error);
    throw new WrongConfiguration(
      'DBA4008',
      `${setting}: ${path} cannot be read (${reason})`,
      'mount the Secret that holds it, or correct the path and its rights',
    );
  }
  if (content.length > MAX_SECRET_BYTES * 16) {
    throw new WrongConfiguration(
      'DBA4008',
      `${setting}: ${path} is too large for what it should hold`,
      'correct the path',
    );
  }
  return content;
}
