import { CAPTURE_LABEL, INJECTED_LABEL, INJECTION_ANNOTATION, SKIPPED_ANNOTATION } from '../../contract/labels.ts';
import { UserError } from '../../contract/user-error.ts';
import type { Cluster, KubernetesObject } from '../kubernetes/cluster.ts';

/** Every cluster has it, with a service account. */
const PROBE_NAMESPACE = 'default';

/** What a pod that is only tried says about the injector. */
export type ProbeResult =
  | { readonly kind: 'answers'; readonly by: string }
  | { readonly kind: 'silent' }
  /** The cluster refused the pod for reasons of its own, so nothing is known. */
  | { readonly kind: 'unknown'; readonly reason: string };

/**
 * Lets the API server try, without keeping it, to create a pod that asks to be captured: proof of the whole way from
 * there to the injector and back.
 */
export async function probeInjector(cluster: Cluster): Promise<ProbeResult> {
  try {
    const { labels, annotations } = (await cluster.create(probePod(), { dryRun: true })).metadata;
    if (labels?.[INJECTED_LABEL] === 'true') return { kind: 'answers', by: sourceOf(annotations) };
    return annotations?.[SKIPPED_ANNOTATION] === undefined ? { kind: 'silent' } : { kind: 'answers', by: 'injector' };
  } catch (error) {
    if (!(error instanceof UserError) || error.code === 'DBA1101') throw error;
    return { kind: 'unknown', reason: error.message };
  }
}

function sourceOf(annotations: Readonly<Record<string, string>> | undefined): string {
  return /"source":"(\w+)"/.exec(annotations?.[INJECTION_ANNOTATION] ?? '')?.[1] ?? 'injector';
}

/** Such as every Pod Security level takes. */
function probePod(): KubernetesObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: `dbaudit-probe-${Math.random().toString(36).slice(2, 10)}`,
      namespace: PROBE_NAMESPACE,
      labels: { [CAPTURE_LABEL]: 'enabled' },
    },
    spec: {
      automountServiceAccountToken: false,
      securityContext: { runAsNonRoot: true, runAsUser: 65_534, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [
        {
          name: 'probe',
          image: 'never-pulled',
          resources: { requests: { cpu: '1m', memory: '1Mi' }, limits: { cpu: '1m', memory: '1Mi' } },
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
        },
      ],
    },
  };
}
