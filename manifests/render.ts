import type { KubernetesObject } from '../contract/kubernetes-object.ts';
import { renderAuditRoles } from './audit-roles.ts';
import { renderCertificate } from './certificate.ts';
import { renderCollector } from './collector.ts';
import { renderCollectorRoles } from './collector-roles.ts';
import { renderConfiguration } from './configuration.ts';
import { renderDeployment } from './deployment.ts';
import { renderDisruptionBudget } from './disruption-budget.ts';
import { renderFlowSchema } from './flow-schema.ts';
import { renderInjectorRoles } from './injector-roles.ts';
import { renderNamespace } from './namespace.ts';
import { renderNetworkPolicy } from './network-policy.ts';
import type { InstallOptions } from './options.ts';
import { renderPodMonitor } from './pod-monitor.ts';
import { renderInjectionPolicy } from './policy.ts';
import { renderService } from './service.ts';
import { renderUserRoles } from './user-roles.ts';
import { renderWebhookConfiguration } from './webhook-configuration.ts';

/** One kind of thing; `name` is that of its file in the base and in the chart. */
interface Part {
  readonly name: string;
  render(options: InstallOptions): KubernetesObject[];
}

/** In the order of installing: what others need comes first, what acts on the cluster's pods last. */
export const PARTS: readonly Part[] = [
  { name: 'namespace', render: renderNamespace },
  { name: 'user-roles', render: renderUserRoles },
  { name: 'audit-roles', render: renderAuditRoles },
  { name: 'configuration', render: renderConfiguration },
  { name: 'collector-roles', render: renderCollectorRoles },
  { name: 'collector', render: renderCollector },
  { name: 'injector-roles', render: renderInjectorRoles },
  { name: 'flow-schema', render: renderFlowSchema },
  { name: 'network-policy', render: renderNetworkPolicy },
  { name: 'certificate', render: renderCertificate },
  { name: 'service', render: renderService },
  { name: 'disruption-budget', render: renderDisruptionBudget },
  { name: 'deployment', render: renderDeployment },
  { name: 'pod-monitor', render: renderPodMonitor },
  { name: 'webhook-configuration', render: renderWebhookConfiguration },
  { name: 'policy', render: renderInjectionPolicy },
];

/** Everything an installation consists of, in the order in which to apply it; to remove it, go backwards. */
export function renderManifests(options: InstallOptions): KubernetesObject[] {
  return PARTS.flatMap(({ render }) => render(options));
}
