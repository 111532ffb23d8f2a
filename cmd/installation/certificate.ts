import { X509Certificate } from 'node:crypto';
import { connect } from 'node:tls';
import * as z from 'zod';
import { UserError } from '../../contract/user-error.ts';
import { INJECTOR } from '../../manifests/metadata.ts';
import { INJECTOR_PORT } from '../../manifests/service.ts';
import type { Cluster } from '../kubernetes/cluster.ts';
import type { PodView } from '../kubernetes/pods.ts';

const HANDSHAKE_MILLIS = 10_000;

const webhookConfigurationSchema = z.looseObject({
  webhooks: z.array(z.looseObject({ clientConfig: z.looseObject({ caBundle: z.string().optional() }) })).default([]),
});

/** What an injector serves, as the API server would see it. */
export interface ServingCertificate {
  readonly pod: string;
  readonly expires: Date;
  /** Why the API server would refuse it; undefined: it would not. */
  readonly mistrust?: string;
}

/** The authorities that the API server trusts for the injector; none where there is no webhook, or no authority yet. */
export async function trustedAuthorities(cluster: Cluster): Promise<string | undefined> {
  const type = { apiVersion: 'admissionregistration.k8s.io/v1', kind: 'MutatingWebhookConfiguration' };
  const configuration = await cluster.find(type, INJECTOR);
  if (configuration === undefined) return undefined;
  const bundle = webhookConfigurationSchema.parse(configuration).webhooks[0]?.clientConfig.caBundle;
  return bundle === undefined || bundle === '' ? undefined : Buffer.from(bundle, 'base64').toString('utf8');
}

/** When the last of the authorities in the bundle ends. */
export function authorityExpiry(bundle: string): Date | undefined {
  const ends = bundle
    .split(/(?<=-----END CERTIFICATE-----)/)
    .filter((pem) => pem.includes('BEGIN CERTIFICATE'))
    .map((pem) => new Date(new X509Certificate(pem).validTo).getTime());
  return ends.length === 0 ? undefined : new Date(Math.max(...ends));
}

/**
 * Shakes hands with the injector in a pod, through a port-forward.
 * @throws UserError where the caller may not, or nothing answers
 */
export async function servingCertificate(
  cluster: Cluster,
  { name, namespace }: PodView,
  authorities: string | undefined,
): Promise<ServingCertificate> {
  const connection = await cluster.portForward(namespace, name, INJECTOR_PORT);
  const servername = `${INJECTOR}.${namespace}.svc`;
  return new Promise((resolve, reject) => {
    const fail = (reason: string) => {
      connection.destroy();
      reject(
        new UserError('DBA1101', `pod ${namespace}/${name}: ${reason}`, 'See its log and `kubectl dbaudit check`.'),
      );
    };
    const socket = connect({
      socket: connection,
      servername,
      rejectUnauthorized: false, // it is to be looked at, whatever it is
      ...(authorities === undefined ? {} : { ca: authorities }),
    });
    const timer = setTimeout(() => fail('no TLS handshake'), HANDSHAKE_MILLIS);
    const settle = () => clearTimeout(timer);
    connection.once('error', (error) => {
      settle();
      reject(error);
    });
    socket.once('error', (error) => {
      settle();
      fail(error.message);
    });
    socket.once('secureConnect', () => {
      settle();
      const { valid_to } = socket.getPeerCertificate();
      const mistrust = socket.authorized ? undefined : String(socket.authorizationError ?? 'not trusted');
      socket.destroy();
      connection.destroy();
      resolve({ pod: name, expires: new Date(valid_to), ...(mistrust === undefined ? {} : { mistrust }) });
    });
  });
}
