import * as z from 'zod';
import { injectionSettingsSchema, quantity } from '../contract/injection-settings.ts';
import { DEFAULT_NAMESPACE } from '../contract/labels.ts';
import { VERSION } from '../contract/version.ts';

/** https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-label-names */
const NAMESPACE = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
/** Letters, digits and separators of image references: it becomes part of an expression of the admission policy. */
const IMAGE = /^[a-zA-Z0-9][-a-zA-Z0-9._:/@]*$/;
const { image, imagePullPolicy } = injectionSettingsSchema.shape;

/**
 * What can be chosen of an installation: `kubectl dbaudit install`, the overlays and the chart all fill it. The
 * descriptions become the comments in values.yaml and the texts of values.schema.json.
 */
export const installOptionsSchema = z.strictObject({
  namespace: z.string().regex(NAMESPACE).default(DEFAULT_NAMESPACE).describe('Where the injector runs.'),
  createNamespace: z
    .boolean()
    .default(true)
    .describe('Render the namespace, labelled with its Pod Security level (restricted).'),
  instance: z.string().min(1).max(63).default('dbaudit').describe('Value of the label app.kubernetes.io/instance.'),
  managedBy: z
    .string()
    .min(1)
    .max(63)
    .default('kubectl-dbaudit')
    .describe('Value of the label app.kubernetes.io/managed-by.'),
  image: z
    .string()
    .regex(IMAGE)
    .default(image.parse(undefined))
    .describe('Image of the injector and of the injected agents.'),
  imagePullPolicy: imagePullPolicy.describe('When nodes pull the image: Always, IfNotPresent or Never.'),
  imagePullSecrets: z
    .array(z.strictObject({ name: z.string().min(1) }))
    .default([])
    .describe('Pull secrets of the injector, as `- name: NAME`. Agents are pulled with those of their own pod.'),
  injector: z
    .enum(['webhook', 'policy'])
    .default('webhook')
    .describe('webhook: a server changes pods. policy: the API server does it by itself (MutatingAdmissionPolicy).'),
  policyApiVersion: z
    .enum(['v1', 'v1beta1'])
    .default('v1')
    .describe('Version of MutatingAdmissionPolicy: v1 from Kubernetes 1.36, v1beta1 from 1.34 behind a gate.'),
  failurePolicy: z
    .enum(['Ignore', 'Fail'])
    .default('Ignore')
    .describe(
      'Ignore: pods start unobserved while the injector is away. Fail: selected pods are refused then. Of the webhook alone.',
    ),
  replicas: z.int().min(1).max(10).default(2).describe('Injectors that run at a time.'),
  resources: z
    .strictObject({
      requests: z.strictObject({ cpu: quantity.default('50m'), memory: quantity.default('128Mi') }).prefault({}),
      limits: z.strictObject({ cpu: quantity.optional(), memory: quantity.default('256Mi') }).prefault({}),
    })
    .prefault({})
    .describe('Of the injector. No CPU limit: pods wait for its answer.'),
  nodeSelector: z
    .record(z.string(), z.string())
    .default({})
    .describe('Labels of the nodes that the injector may run on; Linux they are in any case.'),
  tolerations: z
    .array(
      z.strictObject({
        key: z.string().optional(),
        operator: z.enum(['Exists', 'Equal']).optional(),
        value: z.string().optional(),
        effect: z.enum(['NoSchedule', 'PreferNoSchedule', 'NoExecute']).optional(),
        tolerationSeconds: z.int().optional(),
      }),
    )
    .default([])
    .describe('Taints the injector tolerates.'),
  injection: injectionSettingsSchema
    .omit({ image: true, imagePullPolicy: true })
    // So that the collector knows whose events they are.
    .extend({ sinkToken: z.enum(['none', 'projected']).default('projected') })
    .prefault({})
    .describe('How agents are injected, unless a pod or namespace says otherwise by annotation.'),
  agentConfig: z
    .string()
    .default('')
    .describe(
      'Configuration of every agent, YAML. Empty: to standard output, and to the collector where there is one.',
    ),
  collector: z
    .boolean()
    .default(true)
    .describe('Install the collector, which keeps events, answers questions, raises alerts and makes reports.'),
  collectorImage: z
    .string()
    .regex(IMAGE)
    .default(`ghcr.io/dbaudit/dbaudit-collector:${VERSION}`)
    .describe('Image of the collector.'),
  collectorConfig: z.string().default('').describe('Configuration of the collector, YAML; docs/collector.md lists it.'),
  collectorPersistent: z
    .boolean()
    .default(true)
    .describe('Keep events on a volume of their own. Otherwise they are gone with the pod.'),
  collectorStorage: quantity
    .default('20Gi')
    .describe('Size of that volume: 180 days of 30 statements a second take about 20Gi.'),
  collectorStorageClass: z.string().default('').describe('Its StorageClass. Empty: the default one of the cluster.'),
  collectorResources: z
    .strictObject({
      requests: z.strictObject({ cpu: quantity.default('100m'), memory: quantity.default('600Mi') }).prefault({}),
      limits: z.strictObject({ cpu: quantity.optional(), memory: quantity.default('1Gi') }).prefault({}),
    })
    .prefault({})
    .describe('Of the collector.'),
  collectorUsers: z
    .string()
    .min(1)
    .default('system:authenticated')
    .describe(
      'Group whose members reach the collector by port-forward. What they see there is a matter of their roles.',
    ),
  collectorClientCertificates: z
    .boolean()
    .default(true)
    .describe(
      'Let the collector read the authority of client certificates from kube-system, so that it knows users who have those.',
    ),
  mirrorSinkSecret: z
    .boolean()
    .default(false)
    .describe(
      'Let the injector copy the Secret dbaudit-sinks into namespaces whose own label asks for capture. Whoever may read Secrets or make pods there then has it.',
    ),
  certManager: z
    .boolean()
    .default(false)
    .describe('Let cert-manager make the serving certificate; otherwise the injector keeps its own CA.'),
  disruptionBudget: z.boolean().default(true).describe('Keep an injector running while nodes are drained.'),
  networkPolicy: z
    .boolean()
    .default(true)
    .describe('Let the injector be reached on its port alone, and reach the API server and DNS alone.'),
  flowSchema: z
    .boolean()
    .default(true)
    .describe('A share of the API server of its own for the injector (Kubernetes 1.29).'),
  podMonitor: z
    .boolean()
    .default(false)
    .describe('Let a Prometheus operator scrape the injector (needs its PodMonitor CRD).'),
});

/**
 * Complete options. Renderers may branch on the truth values, on `injector` and on whether texts are empty alone, and
 * pass every other value on as it is: the chart is rendered with expressions in their place.
 */
export type InstallOptions = z.infer<typeof installOptionsSchema>;

/** As a user gives them: everything has a default. */
export type InstallInput = z.input<typeof installOptionsSchema>;

/** What `install --ha` and the overlay `ha` choose: an injector more, and more CPU time set aside. */
export const HIGH_AVAILABILITY = {
  replicas: 3,
  resources: { requests: { cpu: '250m', memory: '128Mi' } },
} as const satisfies InstallInput;
