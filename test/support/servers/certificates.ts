import { execFileSync } from 'node:child_process';
import type { CertificateAuthority } from '../cluster/certificates.ts';

/** Key stores want one; it guards nothing. */
export const STORE_PASSWORD = 'changeit';

/** The stores that Java programs read, as PKCS #12: what the server shows, and whom it trusts. */
export function javaStores(
  authority: CertificateAuthority,
  name: string,
): { readonly keyStore: string; readonly trustStore: string } {
  const keyStore = authority.path(`${name}-keys.p12`);
  const trustStore = authority.path(`${name}-trust.p12`);
  const input = ['-in', authority.path(`${name}.crt`), '-inkey', authority.path(`${name}.key`)];
  const chain = ['-certfile', authority.path('ca.crt'), '-name', name];
  const output = ['-passout', `pass:${STORE_PASSWORD}`, '-out', keyStore];
  execFileSync('openssl', ['pkcs12', '-export', ...input, ...chain, ...output], { stdio: 'pipe' });
  // Only keytool marks a certificate in such a way that Java trusts it.
  const entry = ['-importcert', '-noprompt', '-alias', 'authority', '-file', authority.path('ca.crt')];
  const store = ['-keystore', trustStore, '-storetype', 'PKCS12', '-storepass', STORE_PASSWORD];
  execFileSync('keytool', [...entry, ...store], { stdio: 'pipe' });
  return { keyStore, trustStore };
}
