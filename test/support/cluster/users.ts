import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KeyPair } from '../../../kubernetes/certificates/key-pairs.ts';
import type { TestCluster } from './test-cluster.ts';

/** As long as a test may take. */
const VALID_SECONDS = 3_600;

/** A client certificate for a user of these groups, signed by the cluster as its documentation says people get theirs. */
export async function certificateFor(cluster: TestCluster, name: string, groups: readonly string[]): Promise<KeyPair> {
  const directory = mkdtempSync(join(tmpdir(), 'dbaudit-user-'));
  try {
    const [key, request] = [join(directory, 'user.key'), join(directory, 'user.csr')];
    const subject = `${groups.map((group) => `/O=${group}`).join('')}/CN=${name}`;
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
    execFileSync('openssl', ['req', '-new', ...curve, '-keyout', key, '-out', request, '-subj', subject], {
      stdio: 'pipe',
    });
    const spec = {
      request: readFileSync(request).toString('base64'),
      signerName: 'kubernetes.io/kube-apiserver-client',
      expirationSeconds: VALID_SECONDS,
      usages: ['client auth'],
    };
    const kind = 'CertificateSigningRequest';
    await cluster.apply(JSON.stringify({ apiVersion: 'certificates.k8s.io/v1', kind, metadata: { name }, spec }));
    await cluster.kubectl(['certificate', 'approve', name]);
    const certificate = await cluster.waitFor(`the certificate of ${name}`, () =>
      cluster.kubectl(['get', 'csr', name, '-o', 'jsonpath={.status.certificate}']).then((text) => text || undefined),
    );
    await cluster.kubectl(['delete', 'csr', name]);
    return { certificate: Buffer.from(certificate, 'base64').toString(), privateKey: readFileSync(key, 'utf8') };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** A token of a service account, for the API server. */
export async function tokenFor(cluster: TestCluster, namespace: string, account: string): Promise<string> {
  return (await cluster.kubectl(['create', 'token', account, '-n', namespace, `--duration=${VALID_SECONDS}s`])).trim();
}

/** Writes a kubeconfig like the administrator's own to `file`, for a user with a token or with a certificate. */
export async function writeKubeconfig(cluster: TestCluster, file: string, user: string | KeyPair): Promise<void> {
  const config = JSON.parse(await cluster.kubectl(['config', 'view', '--raw', '--minify', '--flatten', '-o', 'json']));
  const inBase64 = (text: string) => Buffer.from(text).toString('base64');
  config.users[0].user =
    typeof user === 'string'
      ? { token: user }
      : {
          'client-certificate-data': inBase64(user.certificate),
          'client-key-data': inBase64(user.privateKey),
        };
  writeFileSync(file, JSON.stringify(config), { mode: 0o600 });
}
