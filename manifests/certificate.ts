import type { KubernetesObject } from '../contract/kubernetes-object.ts';
import { INJECTOR, metadata } from './metadata.ts';
import type { InstallOptions } from './options.ts';

const CERT_MANAGER = 'cert-manager.io/v1';
const CA = 'dbaudit-injector-ca';
const SELF_SIGNED = 'dbaudit-self-signed';
/** Three years: every replacement of the CA has a moment in which API servers hold the old one. */
const CA_DURATION = '26280h';
const DURATION = '2160h';

/** The serving certificate; cert-manager copies its CA into the webhook configuration. */
export const CERTIFICATE = INJECTOR;
/** Where cert-manager keeps it. */
export const CERTIFICATE_SECRET = 'dbaudit-injector-tls';
/** Made by the injector itself at its first start where there is no cert-manager; never in a manifest, for it holds private keys. */
export const OWN_CERTIFICATES = 'dbaudit-webhook-certificates';

/** A CA of our own made by cert-manager, so that the renewal of the serving certificate changes no trust. */
export function renderCertificate(options: InstallOptions): KubernetesObject[] {
  if (options.injector !== 'webhook' || !options.certManager) return [];
  const service = `${INJECTOR}.${options.namespace}.svc`;
  return [
    {
      apiVersion: CERT_MANAGER,
      kind: 'Issuer',
      metadata: metadata(options, 'injector', SELF_SIGNED),
      spec: { selfSigned: {} },
    },
    {
      apiVersion: CERT_MANAGER,
      kind: 'Certificate',
      metadata: metadata(options, 'injector', CA),
      spec: {
        isCA: true,
        commonName: CA,
        duration: CA_DURATION,
        secretName: CA,
        privateKey: { algorithm: 'ECDSA', size: 256, rotationPolicy: 'Always' },
        issuerRef: { kind: 'Issuer', name: SELF_SIGNED },
      },
    },
    {
      apiVersion: CERT_MANAGER,
      kind: 'Issuer',
      metadata: metadata(options, 'injector', CA),
      spec: { ca: { secretName: CA } },
    },
    {
      apiVersion: CERT_MANAGER,
      kind: 'Certificate',
      metadata: metadata(options, 'injector', CERTIFICATE),
      spec: {
        dnsNames: [service, `${service}.cluster.local`],
        duration: DURATION,
        secretName: CERTIFICATE_SECRET,
        privateKey: { algorithm: 'ECDSA', size: 256, rotationPolicy: 'Always' },
        issuerRef: { kind: 'Issuer', name: CA },
      },
    },
  ];
}
