import type { ConnectionOptions } from 'node:tls';
import { WrongConfiguration } from '../sinks/failure.ts';
import type { TlsSettings } from '../sinks/sink-fields.ts';
import { readConnectionFile } from './secret-file.ts';

const CERTIFICATE = /-----BEGIN (TRUSTED |X509 )?CERTIFICATE-----/;

/**
 * What `tls.connect` and those that build on it take. Read anew for each connection, so that rotated files are taken up.
 * There is no way to leave the receiver's certificate unchecked.
 * @throws WrongConfiguration DBA4008
 */
export async function readTlsFiles({ caFile, certFile, keyFile, serverName }: TlsSettings): Promise<ConnectionOptions> {
  const [ca, cert, key] = await Promise.all([
    caFile === undefined ? undefined : readConnectionFile(caFile, 'tls.caFile'),
    certFile === undefined ? undefined : readConnectionFile(certFile, 'tls.certFile'),
    keyFile === undefined ? undefined : readConnectionFile(keyFile, 'tls.keyFile'),
  ]);
  if (ca !== undefined && !CERTIFICATE.test(ca.toString('latin1'))) {
    // OpenSSL takes such a file without a word, and then trusts nobody.
    throw new WrongConfiguration(
      'DBA4008',
      `tls.caFile: ${caFile} has no certificate in it`,
      'name a PEM file with -----BEGIN CERTIFICATE----- in it',
    );
  }
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(serverName === undefined ? {} : { servername: serverName }),
  };
}
