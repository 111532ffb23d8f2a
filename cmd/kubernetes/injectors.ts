import * as z from 'zod';
import { PART_OF_LABEL, PART_OF_VALUE } from '../../contract/labels.ts';
import { UserError } from '../../contract/user-error.ts';
import type { Cluster, KubernetesObject, ResourceType } from './cluster.ts';

const WEBHOOKS = { apiVersion: 'admissionregistration.k8s.io/v1', kind: 'MutatingWebhookConfiguration' };
/** Newest first; each API server is asked for the first that it serves. */
const POLICIES = ['v1', 'v1beta1', 'v1alpha1'].map((version) => ({
  apiVersion: `admissionregistration.k8s.io/${version}`,
  kind: 'MutatingAdmissionPolicy',
}));
const OURS = { labelSelector: `${PART_OF_LABEL}=${PART_OF_VALUE}` };

const webhookConfigurationSchema = z.looseObject({
  webhooks: z
    .array(
      z.looseObject({
        clientConfig: z.looseObject({
          service: z.looseObject({ name: z.string(), namespace: z.string() }).optional(),
          caBundle: z.string().optional(),
        }),
      }),
    )
    .default([]),
});

const endpointSliceSchema = z.looseObject({
  endpoints: z
    .array(z.looseObject({ conditions: z.looseObject({ ready: z.boolean().nullish() }).nullish() }))
    .nullish()
    .transform((endpoints) => endpoints ?? []),
});

/** What gives pods their agent when they are created. */
export interface Injector {
  readonly kind: 'webhook' | 'policy';
  readonly name: string;
  /** RFC 3339: pods made before it could not get an agent. */
  readonly since: string | undefined;
  /** Undefined: it answers, as far as can be seen from here. */
  readonly trouble?: string;
}

/** Ours, in any namespace. Undefined where the caller may not look. */
export async function findInjectors(cluster: Cluster): Promise<readonly Injector[] | undefined> {
  try {
    const [configurations, policies] = await Promise.all([cluster.list(WEBHOOKS, OURS), listPolicies(cluster)]);
    const webhooks = await Promise.all(configurations.map((configuration) => toWebhook(cluster, configuration)));
    return [...webhooks, ...policies.map((policy) => describe('policy', policy))];
  } catch (error) {
    if (isForbidden(error)) return undefined;
    throw error;
  }
}

/**
 * Rejects with DBA1105 where there is no injector, and with DBA1104 where none answers: pods made now would get no agent.
 * Where the caller may not look, the attempt shows it.
 */
export async function requireInjector(cluster: Cluster): Promise<void> {
  const injectors = await findInjectors(cluster);
  if (injectors === undefined || injectors.some(({ trouble }) => trouble === undefined)) return;
  const [first] = injectors;
  if (first) {
    throw new UserError(
      'DBA1104',
      `the injector is not ready: ${first.trouble}; pods made now would get no agent`,
      '`kubectl dbaudit status --wait` waits for it.',
    );
  }
  throw new UserError(
    'DBA1105',
    'no injector of dbaudit is installed in this cluster: pods made now would get no agent',
    '`kubectl dbaudit install` installs it; `enable --restart=never` sets labels before that.',
  );
}

async function listPolicies(cluster: Cluster): Promise<readonly KubernetesObject[]> {
  const type = await firstServed(cluster, POLICIES);
  return type ? cluster.list(type, OURS) : [];
}

async function firstServed(cluster: Cluster, types: readonly ResourceType[]): Promise<ResourceType | undefined> {
  for (const type of types) if (await cluster.serves(type)) return type;
  return undefined;
}

async function toWebhook(cluster: Cluster, configuration: KubernetesObject): Promise<Injector> {
  const { webhooks } = webhookConfigurationSchema.parse(configuration);
  const trouble = await webhookTrouble(cluster, webhooks);
  return { ...describe('webhook', configuration), ...(trouble === undefined ? {} : { trouble }) };
}

type Webhooks = z.infer<typeof webhookConfigurationSchema>['webhooks'];

/** The API server itself says nothing about webhooks it cannot reach: what stands behind the Service is looked at. */
async function webhookTrouble(cluster: Cluster, webhooks: Webhooks): Promise<string | undefined> {
  if (webhooks.length === 0) return 'its configuration names no webhook';
  for (const { clientConfig } of webhooks) {
    const { service, caBundle } = clientConfig;
    if (!caBundle) return 'its configuration has no CA bundle yet';
    if (!service) continue;
    const { name, namespace } = service;
    try {
      const slices = await cluster.list(
        { apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice' },
        { namespace, labelSelector: `kubernetes.io/service-name=${name}` },
      );
      const endpoints = slices.flatMap((slice) => endpointSliceSchema.parse(slice).endpoints);
      if (!endpoints.some(({ conditions }) => conditions?.ready !== false))
        return `no pod behind the Service ${namespace}/${name} is ready`;
    } catch (error) {
      if (!isForbidden(error)) throw error;
    }
  }
  return undefined;
}

function describe(kind: Injector['kind'], { metadata }: KubernetesObject): Injector {
  return { kind, name: metadata.name, since: metadata.creationTimestamp };
}

function isForbidden(error: unknown): boolean {
  return error instanceof UserError && error.code === 'DBA1102';
}
