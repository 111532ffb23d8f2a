import { COLLECTOR_SERVICE } from '../contract/collector-api.ts';
import type { ObjectMeta } from '../contract/kubernetes-object.ts';
import { PART_OF_LABEL, PART_OF_VALUE } from '../contract/labels.ts';
import { VERSION } from '../contract/version.ts';
import type { InstallOptions } from './options.ts';

/** The Deployment, its Service, account, roles, budget, policies and webhook configuration. */
export const INJECTOR = 'dbaudit-injector';

/** The StatefulSet, its Service, account, roles, budget, policies and configuration. */
export const COLLECTOR = COLLECTOR_SERVICE;
/** The one pod of the StatefulSet. */
export const COLLECTOR_POD = `${COLLECTOR}-0`;

const NAME_LABEL = 'app.kubernetes.io/name';
const COMPONENT_LABEL = 'app.kubernetes.io/component';

type Component = 'injector' | 'collector' | 'configuration' | 'access';

/** What never changes between versions and ways of installing: a Deployment's selector cannot be changed. */
export const INJECTOR_SELECTOR = { [NAME_LABEL]: 'dbaudit', [COMPONENT_LABEL]: 'injector' };

/** Likewise of the StatefulSet. */
export const COLLECTOR_SELECTOR = { [NAME_LABEL]: 'dbaudit', [COMPONENT_LABEL]: 'collector' };

/** https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/ */
export function labels(options: InstallOptions, component: Component): Readonly<Record<string, string>> {
  return {
    [NAME_LABEL]: 'dbaudit',
    'app.kubernetes.io/instance': options.instance,
    'app.kubernetes.io/version': VERSION,
    [COMPONENT_LABEL]: component,
    [PART_OF_LABEL]: PART_OF_VALUE,
    'app.kubernetes.io/managed-by': options.managedBy,
  };
}

/** Of an object that belongs to no namespace. */
export function clusterMetadata(options: InstallOptions, component: Component, name: string): ObjectMeta {
  return { name, labels: labels(options, component) };
}

/** Of an object in our own namespace. */
export function metadata(options: InstallOptions, component: Component, name: string): ObjectMeta {
  return { name, namespace: options.namespace, labels: labels(options, component) };
}
