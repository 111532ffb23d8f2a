import type { KubernetesObject } from '../contract/kubernetes-object.ts';
import { renderPolicy } from '../webhook/policy.ts';
import { labels } from './metadata.ts';
import type { InstallOptions } from './options.ts';

/** Injection by the API server itself: nothing of ours runs in the cluster then but agents. */
export function renderInjectionPolicy(options: InstallOptions): KubernetesObject[] {
  if (options.injector !== 'policy') return [];
  const { image, imagePullPolicy, injection } = options;
  return renderPolicy({
    version: options.policyApiVersion,
    settings: { ...injection, image, imagePullPolicy },
    ownNamespace: options.namespace,
  }).map((object) => ({ ...object, metadata: { ...object.metadata, labels: labels(options, 'injector') } }));
}
