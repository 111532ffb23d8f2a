import {
  COLLECTOR_CA_MAP,
  COLLECTOR_CERTIFICATE_SECRET,
  COLLECTOR_CHECKPOINTS_MAP,
} from '../../contract/collector-objects.ts';
import { OWN_CERTIFICATES } from '../../manifests/certificate.ts';
import { COLLECTOR } from '../../manifests/metadata.ts';
import type { InstallOptions } from '../../manifests/options.ts';
import type { KubernetesObject } from '../kubernetes/cluster.ts';
import { isMirroredConfiguration, isOwned, isSinkSecret } from './own-objects.ts';
import { VALUES_RECORD } from './values-record.ts';

const MADE_BY_COLLECTOR: readonly string[] = [
  COLLECTOR_CA_MAP,
  COLLECTOR_CERTIFICATE_SECRET,
  COLLECTOR_CHECKPOINTS_MAP,
];

/**
 * What carries our label and is not among the objects that the present version wants. What injector and collector make is not meant,
 * nor the sinks' Secret that `install` was given.
 */
export function outdatedObjects(
  present: readonly KubernetesObject[],
  wanted: readonly KubernetesObject[],
  { namespace: ownNamespace, mirrorSinkSecret }: Pick<InstallOptions, 'namespace' | 'mirrorSinkSecret'>,
): readonly KubernetesObject[] {
  const identity = ({ apiVersion, kind, metadata }: KubernetesObject) =>
    [apiVersion.split('/')[0], kind, metadata.namespace ?? '', metadata.name].join(' ');
  const kept = new Set(wanted.map(identity));
  const usesCollector = wanted.some(({ kind, metadata }) => kind === 'StatefulSet' && metadata.name === COLLECTOR);
  const usesWebhook = wanted.some(({ kind }) => kind === 'MutatingWebhookConfiguration');
  return present.filter((object) => {
    const { kind, metadata } = object;
    if (kept.has(identity(object)) || isOwned(object)) return false;
    if (kind === 'Namespace' || metadata.name === VALUES_RECORD) return false;
    if (MADE_BY_COLLECTOR.includes(metadata.name)) return !usesCollector;
    if (isSinkSecret(object)) return metadata.namespace !== ownNamespace && !(usesWebhook && mirrorSinkSecret);
    return !(usesWebhook && (metadata.name === OWN_CERTIFICATES || isMirroredConfiguration(object, ownNamespace)));
  });
}
