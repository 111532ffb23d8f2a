import fc from 'fast-check';
import { parseAllDocuments } from 'yaml';
import * as z from 'zod';
import type { KubernetesObject } from '../../contract/kubernetes-object.ts';
import type { InstallInput } from '../../manifests/options.ts';

const objectSchema = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({ name: z.string() }),
});
const kubernetesObject = z.custom<KubernetesObject>((value) => objectSchema.safeParse(value).success);

export function identityOf({ apiVersion, kind, metadata }: KubernetesObject): string {
  return `${apiVersion} ${kind} ${metadata.namespace ?? ''}/${metadata.name}`;
}

/** The objects of a YAML stream, in an order that does not depend on who wrote it. */
export function objectsIn(yaml: string): KubernetesObject[] {
  const documents = parseAllDocuments(yaml).map((document) => document.toJS());
  return inOrder(documents.filter((document) => document !== null).map((document) => kubernetesObject.parse(document)));
}

export function inOrder(objects: readonly KubernetesObject[]): KubernetesObject[] {
  return objects.toSorted((one, other) => (identityOf(one) < identityOf(other) ? -1 : 1));
}

const quantity = fc.constantFrom('25m', '0.5', '1', '128Mi', '1Gi');
const name = fc.constantFrom('regcred', 'my.secret', '0');
const injection = fc.record(
  {
    nativeSidecar: fc.constantFrom('auto', 'true', 'false'),
    capabilities: fc.constantFrom('full', 'net-raw'),
    podSecurityDefault: fc.constantFrom('privileged', 'baseline', 'restricted'),
    redact: fc.constantFrom('secrets', 'literals', 'none'),
    spoolSize: fc.constantFrom('100Mi', '2Gi'),
    sinkToken: fc.constantFrom('none', 'projected'),
    resources: fc.record(
      {
        requests: fc.record({ cpu: quantity, memory: quantity }, { requiredKeys: [] }),
        limits: fc.record({ cpu: quantity, memory: quantity }, { requiredKeys: [] }),
      },
      { requiredKeys: [] },
    ),
  },
  { requiredKeys: [] },
);

/** Whatever can be chosen but namespace, instance and manager; some values need quotes in YAML. */
export const installInput: fc.Arbitrary<InstallInput> = fc.record(
  {
    createNamespace: fc.boolean(),
    collector: fc.boolean(),
    collectorImage: fc.constantFrom('registry.example:5000/team/collector:1.2', 'collector'),
    collectorConfig: fc.constantFrom('', 'retention:\n  days: 30\n', 'a: "{{ b }}"  \n\n'),
    collectorPersistent: fc.boolean(),
    collectorStorage: fc.constantFrom('1Gi', '500Gi'),
    collectorStorageClass: fc.constantFrom('', 'fast', '1'),
    collectorResources: fc.record({ limits: fc.record({ cpu: quantity, memory: quantity }, { requiredKeys: [] }) }),
    collectorUsers: fc.constantFrom('system:authenticated', 'on'),
    collectorClientCertificates: fc.boolean(),
    image: fc.constantFrom('registry.example:5000/team/dbaudit:1.2-rc.1', 'dbaudit', '1.0'),
    imagePullPolicy: fc.constantFrom('Always', 'IfNotPresent', 'Never'),
    imagePullSecrets: fc.array(fc.record({ name }), { maxLength: 2 }),
    injector: fc.constantFrom('webhook', 'policy'),
    policyApiVersion: fc.constantFrom('v1', 'v1beta1'),
    failurePolicy: fc.constantFrom('Ignore', 'Fail'),
    replicas: fc.integer({ min: 1, max: 10 }),
    resources: fc.record({ limits: fc.record({ cpu: quantity, memory: quantity }, { requiredKeys: [] }) }),
    nodeSelector: fc.dictionary(fc.constantFrom('kubernetes.io/os', 'pool'), fc.constantFrom('linux', 'true', '7')),
    tolerations: fc.array(
      fc.record({ key: fc.constantFrom('dedicated', 'on'), operator: fc.constant('Exists' as const) }),
      { maxLength: 2 },
    ),
    injection,
    agentConfig: fc.constantFrom(
      'sinks:\n  - type: stdout\n',
      '',
      'redact: none',
      '# {{ .Values.image }}\n\nsinks: ["a: b"]\n\n',
    ),
    certManager: fc.boolean(),
    mirrorSinkSecret: fc.boolean(),
    disruptionBudget: fc.boolean(),
    networkPolicy: fc.boolean(),
    flowSchema: fc.boolean(),
    podMonitor: fc.boolean(),
  },
  { requiredKeys: [] },
);
