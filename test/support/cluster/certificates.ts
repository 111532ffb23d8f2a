import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const VALID_DAYS = '30';

/** One authority of a cluster and what it signs, as PEM files in a directory. https://kubernetes.io/docs/setup/best-practices/certificates/ */
export class CertificateAuthority {
  readonly #directory: string;

  constructor(directory: string) {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    this.#directory = directory;
    this.key('ca');
    this.#openssl(
      'req',
      '-x509',
      '-new',
      '-key',
      this.path('ca.key'),
      '-subj',
      '/CN=test-cluster',
      '-days',
      VALID_DAYS,
      '-addext',
      'keyUsage=critical,keyCertSign,cRLSign,digitalSignature',
      '-out',
      this.path('ca.crt'),
    );
  }

  path(file: string): string {
    return join(this.#directory, file);
  }

  /** `NAME.key`, for what is signed without a certificate too: service account tokens. */
  key(name: string): void {
    this.#openssl('ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', this.path(`${name}.key`));
  }

  /** `NAME.crt` and `NAME.key`. `names`: `DNS:…` and `IP:…` that a server answers to. */
  issue(name: string, subject: string, names: readonly string[] = []): void {
    this.key(name);
    const extensions = [
      'extendedKeyUsage=serverAuth,clientAuth',
      ...(names.length > 0 ? [`subjectAltName=${names}`] : []),
    ];
    writeFileSync(this.path(`${name}.ext`), extensions.join('\n'));
    this.#openssl('req', '-new', '-key', this.path(`${name}.key`), '-subj', subject, '-out', this.path(`${name}.csr`));
    this.#openssl(
      'x509',
      '-req',
      '-in',
      this.path(`${name}.csr`),
      '-CA',
      this.path('ca.crt'),
      '-CAkey',
      this.path('ca.key'),
      '-CAcreateserial',
      '-days',
      VALID_DAYS,
      '-extfile',
      this.path(`${name}.ext`),
      '-out',
      this.path(`${name}.crt`),
    );
  }

  /** A kubeconfig for the holder of certificate `name`. */
  kubeconfig(name: string, server: string): string {
    const data = (file: string) => readFileSync(this.path(file)).toString('base64');
    return JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'test', cluster: { server, 'certificate-authority-data': data('ca.crt') } }],
      users: [
        { name, user: { 'client-certificate-data': data(`${name}.crt`), 'client-key-data': data(`${name}.key`) } },
      ],
      contexts: [{ name: 'test', context: { cluster: 'test', user: name } }],
      'current-context': 'test',
    });
  }

  #openssl(...parameters: readonly string[]): void {
    execFileSync('openssl', parameters, { stdio: 'pipe' });
  }
}
