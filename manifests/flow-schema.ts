import type { KubernetesObject } from '../contract/kubernetes-object.ts';
import { clusterMetadata, INJECTOR } from './metadata.ts';
import type { InstallOptions } from './options.ts';

const FLOW_CONTROL = 'flowcontrol.apiserver.k8s.io/v1';
/** Before `service-accounts` (9000), behind what the cluster keeps for itself. */
const PRECEDENCE = 1000;
/** The built-in level `workload-low` has 100: the injector asks little. */
const SHARES = 10;

/** Keeps a busy cluster and the injector from delaying each other at the API server. */
export function renderFlowSchema(options: InstallOptions): KubernetesObject[] {
  if (options.injector !== 'webhook' || !options.flowSchema) return [];
  return [
    {
      apiVersion: FLOW_CONTROL,
      kind: 'PriorityLevelConfiguration',
      metadata: clusterMetadata(options, 'injector', INJECTOR),
      spec: {
        type: 'Limited',
        limited: {
          nominalConcurrencyShares: SHARES,
          limitResponse: { type: 'Queue', queuing: { queues: 16, handSize: 4, queueLengthLimit: 50 } },
        },
      },
    },
    {
      apiVersion: FLOW_CONTROL,
      kind: 'FlowSchema',
      metadata: clusterMetadata(options, 'injector', INJECTOR),
      spec: {
        matchingPrecedence: PRECEDENCE,
        priorityLevelConfiguration: { name: INJECTOR },
        distinguisherMethod: { type: 'ByNamespace' },
        rules: [
          {
            subjects: [{ kind: 'ServiceAccount', serviceAccount: { name: INJECTOR, namespace: options.namespace } }],
            resourceRules: [
              { apiGroups: ['*'], resources: ['*'], verbs: ['*'], clusterScope: true, namespaces: ['*'] },
            ],
          },
        ],
      },
    },
  ];
}
